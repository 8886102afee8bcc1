import { beforeAll, beforeEach, expect, test } from "vitest";
import {
  call,
  clear,
  migrate,
  point,
  queryJson,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const FRONT = Date.parse("2025-11-12T18:34:56.789Z");
const NOW = Date.parse("2025-11-12T18:34:00Z");
const DAY = 86_400_000;

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  const [id] = await storePoints(SITE, [point("a")]);
  await storeSamples([[id!, NOW - 1, 5]]);
  await setWatermark(SITE, FRONT);
});

const asked = { site_name: SITE, point_names: "a", interval: "1hr" };

async function range(times: { start_time: string; end_time?: string; tz?: string }): Promise<string[]> {
  const { metadata } = await queryJson({ ...asked, ...times });
  return [metadata.start_time, metadata.end_time].map((time) => new Date(time).toISOString());
}

test.each([
  ["the end is the front's minute", { start_time: "now-1h" }, "2025-11-12T17:34:00.000Z", "2025-11-12T18:34:00.000Z"],
  [
    "the month before by the site's calendar",
    { start_time: "now-1M/M", end_time: "now/M" },
    "2025-10-01T05:00:00.000Z",
    "2025-11-01T05:00:00.000Z",
  ],
  [
    "the day by the calendar of tz",
    { start_time: "now/d", tz: "Asia/Kathmandu" },
    "2025-11-12T18:15:00.000Z",
    "2025-11-12T18:34:00.000Z",
  ],
  [
    "local times of tz",
    { start_time: "2025-11-12T08:00", end_time: "2025-11-12T09:30", tz: "Europe/Berlin" },
    "2025-11-12T07:00:00.000Z",
    "2025-11-12T08:30:00.000Z",
  ],
])("%s", async (_, times, start, end) => {
  expect(await range(times)).toEqual([start, end]);
});

test("the newest samples of a late site are within now-1h", async () => {
  const { series } = await queryJson({ ...asked, start_time: "now-1h" });
  expect(series[0]!.values).toEqual([5]);
});

test("a site without a front takes the clock", async () => {
  await clear();
  await storePoints(SITE, [point("a")]);
  const before = Date.now();
  const { metadata } = await queryJson({ ...asked, start_time: "now-1d" });
  expect(metadata.end_time % 60_000).toBe(0);
  expect(metadata.end_time).toBeGreaterThan(before - 60_000);
  expect(metadata.end_time).toBeLessThanOrEqual(Date.now());
});

test("the ETag follows the range: it changes with the front's minute", async () => {
  const etag = async (start_time: string | number) =>
    (await call(timeseriesPath({ ...asked, start_time }))).headers.get("etag");
  const first = await etag("now-1d");
  expect(await etag(NOW - DAY)).toBe(first);
  await setWatermark(SITE, FRONT + 2000);
  expect(await etag("now-1d")).toBe(first);
  await setWatermark(SITE, FRONT + 60_000);
  expect(await etag("now-1d")).not.toBe(first);
});
