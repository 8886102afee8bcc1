import { expect, test } from "vitest";
import { frontOf } from "./lateness.ts";

const HOUR = 3_600_000;

test.each([
  ["no window has ended", null, null, null],
  ["the lateness of the site is unknown", 10 * HOUR, null, 10 * HOUR],
  ["an hourly cadence", 10 * HOUR, 9 * HOUR, 10 * HOUR],
  ["the whole site is late", 10 * HOUR, 9 * HOUR - 1, 9 * HOUR - 1],
])("a site's front: %s", (_, watermark, servedTo, front) => {
  expect(frontOf({ watermark, servedTo })).toBe(front);
});
