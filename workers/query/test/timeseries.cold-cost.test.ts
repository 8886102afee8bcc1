import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { settle } from "./settle-days.ts";
import { aroundRequests } from "./buckets.ts";
import { DAY, MINUTE } from "./naive.ts";
import { migrate, point, queryJson, type Sample, SITE, storePoints } from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;
const DAYS = 30;
/** Six row groups per file. */
const POINTS = 48;
const name = (i: number) => `ses/ses_falls_city/8000:33-8033/analogValue/${String(i).padStart(3, "0")}`;

/**
 * Typical values of a building, by the point's number: setpoints, statuses, readings in tenths, and noise for one in
 * ten.
 */
function valueAt(i: number, minute: number): number {
  const noise = Math.sin(i * 12.9898 + minute * 78.233) * 43_758.5453;
  const random = noise - Math.floor(noise);
  const kind = i % 10;
  if (kind < 3) return 55 + i;
  if (kind < 5) return Math.floor(minute / (60 + i)) % 2;
  if (kind < 9) return Math.round(10 * (70 + 5 * Math.sin(minute / 90 + i) + (kind === 8 ? random : 0))) / 10;
  return Math.fround(50 + random);
}

/** A sample every `every` minutes of a day. */
function dayOfSamples(ids: readonly number[], day: number, every: number): Sample[] {
  return ids.flatMap((id, i) =>
    Array.from({ length: 1440 / every }, (_, n): Sample => {
      return [id, day * DAY + n * every * MINUTE + 36_055, valueAt(i, n * every)];
    }),
  );
}

beforeAll(async () => {
  await migrate();
  const all = Array.from({ length: POINTS }, (_, i) => name(i));
  const ids = await storePoints(
    SITE,
    all.map((one) => point(one)),
  );
  const names = new Map(ids.map((id, i) => [id, all[i]!]));
  await settle(dayOfSamples(ids, FIRST, 1), names);
  for (let i = 1; i <= DAYS; i++) await settle(dayOfSamples(ids, FIRST + i, 20), names);
});

/** The cost of a query in requests and bytes of R2. */
async function costOf(points: readonly number[], first: number, days: number, interval: string) {
  const seen = { requests: 0, underWay: 0, mostAtOnce: 0 };
  const bucket = aroundRequests(env.TIMESERIES, async (request) => {
    seen.requests++;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.underWay);
    try {
      return await request();
    } finally {
      seen.underWay--;
    }
  });
  const range = { start_time: first * DAY, end_time: (first + days) * DAY };
  const asked = { site_name: SITE, point_names: points.map(name), ...range, interval };
  const { metadata } = await queryJson(asked, { TIMESERIES: bucket });
  const { cold } = metadata.storage_tiers;
  expect(cold.requests).toBe(seen.requests);
  expect(seen.mostAtOnce).toBeLessThanOrEqual(6);
  return { ...cold, mostAtOnce: seen.mostAtOnce };
}

test.each([0, 7, 8, 25, POINTS - 1])("1 point (%i) x 1 day at 1 min: 1 request of at most 16 KB", async (i) => {
  const cost = await costOf([i], FIRST, 1, "raw");
  expect(cost).toMatchObject({ samples: 1440, files: 1, requests: 1 });
  expect(cost.bytes).toBeLessThanOrEqual(16 * 1024);
  expect(cost.bytes).toBeGreaterThan(300);
});

test("10 points x 30 days: one request per file, six at once", async () => {
  const cost = await costOf([0, 1, 5, 9, 12, 20, 21, 22, 40, 47], FIRST + 1, DAYS, "5min");
  expect(cost).toMatchObject({ samples: 10 * DAYS * 72, files: DAYS, requests: DAYS, mostAtOnce: 6 });
});

test.each(["1hr", "1day"])("%s of whole hours reads no file; a part of an hour reads its day", async (interval) => {
  const some = [0, 1, 5, 9, 12, 20, 21, 22, 40, 47];
  expect(await costOf(some, FIRST + 1, DAYS, interval)).toMatchObject({
    samples: 10 * DAYS * 72,
    files: 0,
    requests: 0,
  });
  const range = { start_time: (FIRST + 1) * DAY + 1, end_time: (FIRST + 20) * DAY + 3 * MINUTE };
  const { metadata } = await queryJson({ site_name: SITE, point_names: name(1), interval, ...range });
  expect(metadata).toMatchObject({ computed_from: "hours", storage_tiers: { cold: { files: 2, requests: 2 } } });
});

test("a zone not whole hours from UTC is computed from samples, and says so", async () => {
  const range = { start_time: (FIRST + 1) * DAY, end_time: (FIRST + 3) * DAY };
  const asked = { site_name: SITE, point_names: name(1), interval: "1day", ...range };
  const { metadata } = await queryJson({ ...asked, tz: "Asia/Kathmandu" });
  expect(metadata).toMatchObject({ computed_from: "samples", storage_tiers: { cold: { files: 2, requests: 2 } } });
});

test("neighbours in a row group cost as much as the last of them", async () => {
  const last = await costOf([23], FIRST + 1, DAYS, "5min");
  const eight = await costOf([16, 17, 18, 19, 20, 21, 22, 23], FIRST + 1, DAYS, "5min");
  expect([eight.requests, eight.bytes]).toEqual([last.requests, last.bytes]);
});

test("a range of a minute reads one row group of its day only", async () => {
  const range = { start_time: FIRST * DAY + 600 * MINUTE, end_time: FIRST * DAY + 601 * MINUTE };
  const asked = { site_name: SITE, point_names: name(3), interval: "raw", ...range };
  const { cold } = (await queryJson(asked)).metadata.storage_tiers;
  expect(cold).toMatchObject({ samples: 1, files: 1, requests: 1 });
});
