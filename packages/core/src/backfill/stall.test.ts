import { expect, it } from "vitest";
import { stallMs } from "./stall.ts";

const HOUR = 3_600_000;
const WORK = { sites: 1, apiCalls: 0, days: 0, intervalMs: null };

it.each([
  ["an hour without any measurement", WORK, HOUR],
  ["an hour at the usual pace: 24 requests a day take half a minute", { ...WORK, intervalMs: 1200 }, HOUR],
  ["longer after many 429s: 3 times 24 requests a minute apart", { ...WORK, intervalMs: 60_000 }, 1.2 * HOUR],
  ["longer for 50 sites with 72 requests a day", { sites: 50, apiCalls: 720, days: 10, intervalMs: 1200 }, 3.6 * HOUR],
])("%s", (_, work, expected) => {
  expect(stallMs(work)).toBe(expected);
});
