import { env } from "cloudflare:workers";
import { measureCadences } from "@building-vitals/core/catalog/cadence";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { detectGaps } from "@building-vitals/core/gaps/detect-gaps";
import { listGaps } from "@building-vitals/core/gaps/gap-store";
import { coldLevel } from "@building-vitals/core/read/cold-level";
import { tableFromIPC } from "apache-arrow";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  queryJson,
  queryRows,
  type Sample,
  setWatermark,
  SITE,
  siteId,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2025, 9, 12);

beforeAll(migrate);
beforeEach(clear);

/** A sample a minute from START on, `minutes` of them, except in [gap start, gap end), in minutes. */
function everyMinute(id: number, minutes: number, gap: readonly [number, number] = [0, 0]): Sample[] {
  return Array.from({ length: minutes }, (_, i): Sample => [id, START + i * MINUTE, i]).filter(
    (_, i) => i < gap[0] || i >= gap[1],
  );
}

const metadata = async (names: string, start: number, end: number, interval = "raw") => {
  const asked = { site_name: SITE, point_names: names, start_time: start, end_time: end, interval };
  const json = (await queryJson(asked)).metadata;
  const rows = (await queryRows(asked)).metadata;
  // Both formats give the same metadata, except for the duration.
  expect({ ...rows, query_time_ms: 0 }).toEqual({ ...json, query_time_ms: 0 });
  return json;
};

test("a complete range", async () => {
  const [a] = await storePoints(SITE, [point("a")]);
  await storeSamples(everyMinute(a!, 60));
  await setWatermark(SITE, START + HOUR);
  const { storage_tiers: tiers, query_time_ms: took, ...rest } = await metadata("a", START, START + HOUR);
  expect(rest).toEqual({
    start_time: START,
    end_time: START + HOUR,
    interval: "raw",
    computed_from: "samples",
    total_samples: 60,
    sources: ["D1"],
    completeness: 1,
    unknown: [],
    unjudged_points: [],
    missing: [],
    pending: null,
    downsampled: null,
    fill: "none",
    units: "source",
    unit_changes: [],
    unknown_points: [],
    partial: false,
    cache_hit: false,
  });
  expect(tiers.hot).toMatchObject({ samples: 60, statements: 1 });
  expect(took).toBeGreaterThanOrEqual(0);
});

test("a gap shows in raw series and buckets; total_samples counts samples", async () => {
  const [a] = await storePoints(SITE, [point("a")]);
  await storeSamples(everyMinute(a!, 120, [20, 50]));
  await setWatermark(SITE, START + 2 * HOUR);
  for (const interval of ["raw", "5min", "1hr", "1day"]) {
    expect(await metadata("a", START, START + 2 * HOUR, interval)).toMatchObject({
      interval,
      total_samples: 90,
      completeness: 0.75,
      missing: [[START + 19 * MINUTE + 1, START + 50 * MINUTE]],
      pending: null,
    });
  }
});

test("overlapping gaps of several points are joined", async () => {
  const [a, b] = await storePoints(SITE, [point("a"), point("b")]);
  await storeSamples([...everyMinute(a!, 60, [10, 20]), ...everyMinute(b!, 60, [15, 30])]);
  await setWatermark(SITE, START + HOUR);
  expect(await metadata("a,b", START, START + HOUR)).toMatchObject({
    total_samples: 95,
    completeness: 0.7916,
    missing: [[START + 9 * MINUTE + 1, START + 30 * MINUTE]],
    unknown: [],
  });
});

describe("a point without a known cadence", () => {
  const unknown = { completeness: null, unknown: [[START, START + HOUR]], unjudged_points: ["c"] };
  beforeEach(async () => {
    const [a] = await storePoints(SITE, [point("a"), point("c", { intervalS: null })]);
    await storeSamples(everyMinute(a!, 60, [10, 20]));
    await setWatermark(SITE, START + HOUR);
  });

  test("without samples: completeness null and the range unknown", async () => {
    for (const interval of ["raw", "5min", "1hr"]) {
      expect(await metadata("c", START, START + HOUR, interval)).toMatchObject({ ...unknown, missing: [] });
    }
  });

  test("beside another point: the gaps of that point, without completeness", async () => {
    const missing = [[START + 9 * MINUTE + 1, START + 20 * MINUTE]];
    expect(await metadata("a,c", START, START + HOUR)).toMatchObject({ ...unknown, missing });
  });

  test("pending time is not unknown too", async () => {
    await setWatermark(SITE, START + 30 * MINUTE);
    expect(await metadata("c", START, START + HOUR)).toMatchObject({
      ...unknown,
      unknown: [[START, START + 30 * MINUTE]],
      pending: [START + 30 * MINUTE, START + HOUR],
    });
  });

  test("csv has the metadata in a header, arrow in the schema", async () => {
    const asked = { site_name: SITE, point_names: "c", start_time: START, end_time: START + HOUR };
    const csv = await call(timeseriesPath({ ...asked, format: "csv" }));
    expect(JSON.parse(csv.headers.get("query-metadata") ?? "")).toMatchObject(unknown);
    const arrow = await call(timeseriesPath({ ...asked, format: "arrow" }));
    const { schema } = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()));
    expect(JSON.parse(schema.metadata.get("metadata") ?? "")).toMatchObject(unknown);
  });
});

test("a valve that sends changes, once in a burst, has no gap", async () => {
  const [valve] = await storePoints(SITE, [point("valve", { intervalS: null })]);
  const end = START + DAY;
  const changes = [0, 5, 11, 17].map((hour): Sample => [valve!, START + hour * HOUR, hour % 2]);
  const burst = Array.from({ length: 90 }, (_, i): Sample => [valve!, end - HOUR + i * 20_000, i % 2]);
  await storeSamples([...changes, ...burst]);
  await env.DB.prepare("UPDATE points SET first_seen = ?1").bind(START).run();
  await setWatermark(SITE, end);
  // Hours without a change exist for the site too.
  const [, other] = await storePoints(SITE, [point("valve", { intervalS: null }), point("other")]);
  await storeSamples(everyMinute(other!, 24 * 60));
  const site = await siteId(SITE);
  const now = end + 10 * MINUTE;
  await rollUpHours(env.DB, site, 0, () => now);
  await measureCadences(env.DB, site, now);
  const told = await metadata("valve", START, end);
  expect(told).toMatchObject({ completeness: null, missing: [], unjudged_points: ["valve"] });
  const cold = coldLevel(env.DB, env.TIMESERIES, site);
  expect((await detectGaps(cold, end, () => now)).rowsWritten).toBe(0);
});

test("answers list the gaps of gap detection, from the first sample on", async () => {
  const points = [point("measured", { intervalS: null }), point("promised"), point("steady")];
  const [measured, promised, steady] = await storePoints(SITE, points);
  const end = START + DAY;
  // 90 minutes of silence of one point, and 40 minutes of the other, which begins at 02:00.
  await storeSamples([
    ...everyMinute(measured!, 24 * 60, [600, 690]),
    ...everyMinute(steady!, 24 * 60),
    ...everyMinute(promised!, 24 * 60, [0, 120]).filter(([, time]) => {
      return time < START + 900 * MINUTE || time >= START + 940 * MINUTE;
    }),
  ]);
  const first = "UPDATE points SET first_seen = ?1 WHERE id = ?2";
  await env.DB.batch([
    env.DB.prepare(first).bind(START, measured),
    env.DB.prepare(first).bind(START, steady),
    env.DB.prepare(first).bind(START + 2 * HOUR, promised),
  ]);
  await setWatermark(SITE, end);
  const site = await siteId(SITE);
  const now = end + 10 * MINUTE;
  await rollUpHours(env.DB, site, 0, () => now);
  await measureCadences(env.DB, site, now);
  await detectGaps(coldLevel(env.DB, env.TIMESERIES, site), end, () => now);
  const range = { siteIds: [site], start: START, end };
  const gaps = await listGaps(env.DB, range, 10);
  for (const [name, id, minutes] of [
    ["measured", measured, 90],
    ["promised", promised, 40],
  ] as const) {
    const { missing, completeness } = await metadata(name, START, end);
    expect(missing).toEqual(gaps.filter(({ pointId }) => pointId === id).map((gap) => [gap.start, gap.end]));
    expect(missing.map(([from, to]) => Math.round((to - from) / MINUTE) - 1)).toEqual([minutes]);
    expect(completeness).toBeCloseTo(1 - minutes / (name === "measured" ? 1440 : 1320), 2);
  }
});

test("one lost sample of very many: completeness is less than 1", async () => {
  const [a] = await storePoints(SITE, [point("a", { intervalS: 1 })]);
  const seconds = Array.from({ length: 30_000 }, (_, i): Sample => [a!, START + i * 1000, i]);
  await storeSamples(seconds.filter((_, i) => i !== 15_000));
  await setWatermark(SITE, START + DAY);
  expect((await metadata("a", START, START + 30_000_000)).completeness).toBe(0.9999);
});

describe("time after the watermark is pending, not missing", () => {
  beforeEach(async () => {
    const [a] = await storePoints(SITE, [point("a")]);
    await storeSamples(everyMinute(a!, 30));
  });

  test("beyond the watermark", async () => {
    await setWatermark(SITE, START + 30 * MINUTE);
    const pending = [START + 30 * MINUTE, START + HOUR];
    const all = { total_samples: 30, completeness: 1, missing: [], pending };
    expect(await metadata("a", START, START + HOUR)).toMatchObject(all);
  });

  test("time before the watermark is missing", async () => {
    await setWatermark(SITE, START + 45 * MINUTE);
    expect(await metadata("a", START, START + HOUR)).toMatchObject({
      completeness: 0.6666,
      missing: [[START + 29 * MINUTE + 1, START + 45 * MINUTE]],
      pending: [START + 45 * MINUTE, START + HOUR],
    });
  });

  test("a range beyond the watermark is all pending", async () => {
    await setWatermark(SITE, START);
    const pending = [START + HOUR, START + 2 * HOUR];
    const none = { total_samples: 0, sources: [], completeness: null, missing: [], pending };
    expect(await metadata("a", START + HOUR, START + 2 * HOUR)).toMatchObject(none);
  });

  test("another site's watermark has no effect", async () => {
    await setWatermark(OTHER_SITE, START + HOUR);
    const pending = [START, START + HOUR];
    const unknown = { total_samples: 30, completeness: null, missing: [], pending };
    expect(await metadata("a", START, START + HOUR)).toMatchObject(unknown);
  });
});

test("a range without stored data: no source, no reads, all of it missing", async () => {
  const [a] = await storePoints(SITE, [point("a")]);
  await storeSamples(everyMinute(a!, 5));
  await setWatermark(SITE, START + DAY);
  const hot = { samples: 0, statements: 0, rows_read: 0 };
  expect(await metadata("a", START + 2 * HOUR, START + 3 * HOUR)).toMatchObject({
    total_samples: 0,
    sources: [],
    storage_tiers: { hot },
    completeness: 0,
    missing: [[START + 2 * HOUR, START + 3 * HOUR]],
    pending: null,
  });
});

test("auto: few samples stay raw; without tz, days are the site's", async () => {
  const [a] = await storePoints(SITE, [point("a")]);
  await storeSamples(everyMinute(a!, 600));
  const ask = async (end: number, rest: Record<string, string | number> = {}) =>
    queryJson({ site_name: SITE, point_names: "a", start_time: START, end_time: end, ...rest });
  expect((await ask(START + DAY)).interval).toBe("raw");
  expect((await ask(START + DAY, { max_points: 300 })).interval).toBe("5min");
  const byDay = await ask(START + DAY, { interval: "1day" });
  // START is midnight in UTC: 19:00 of the previous day in Chicago.
  const chicago = [START - 19 * HOUR, START + 5 * HOUR];
  expect([byDay.series[0]?.timestamps, byDay.series[0]?.count]).toEqual([chicago, [300, 300]]);
  const inUtc = await ask(START + DAY, { interval: "1day", tz: "UTC" });
  expect([inUtc.series[0]?.timestamps, inUtc.series[0]?.count]).toEqual([[START], [600]]);
});

describe("cost", () => {
  /**
   * Rows that D1 counts for an hour: its row of `hot_hours` and the lists of its aggregates. A day has a few segments.
   */
  const ROWS_PER_HOUR = 5;

  test.each([
    ["1 point x 20 days", 1, 20],
    ["10 points x 7 days", 10, 7],
  ])("%s reads a constant number of rows per hour", async (_query, count, days) => {
    const ids = await storePoints(
      SITE,
      Array.from({ length: count + 20 }, (_, i) => point(`p${i}`)),
    );
    const hours = Array.from({ length: (days + 2) * 24 }, (_, i) => START + (i - 24) * HOUR);
    await storeSamples(ids.flatMap((id) => hours.map((hour): Sample => [id, hour + MINUTE, 1])));
    const names = Array.from({ length: count }, (_, i) => `p${i}`).join();
    const { storage_tiers: tiers, total_samples } = await metadata(names, START, START + days * DAY, "1hr");
    expect(total_samples).toBe(count * days * 24);
    expect(tiers.hot.statements).toBe(1);
    expect(tiers.hot.rows_read).toBeGreaterThanOrEqual(days * 24);
    expect(tiers.hot.rows_read).toBeLessThanOrEqual(ROWS_PER_HOUR * days * 24);
  });
});
