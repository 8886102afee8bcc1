import { env } from "cloudflare:workers";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { dayOf } from "@building-vitals/core/domain/day";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { settle, clearCold, deleteHotDays, keyOf } from "./settle-days.ts";
import { aroundRequests } from "./buckets.ts";
import { parseCsv } from "./parse-csv.ts";
import {
  call,
  clear,
  migrate,
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
/** A Monday, 12:00 UTC. */
const START = Date.UTC(2025, 9, 13, 12);
const VALVE = "valve";

let id: number;
beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  [id = 0] = await storePoints(SITE, [point(VALVE, { intervalS: null })]);
});

const lastHour = { site_name: SITE, point_names: VALVE, start_time: START, end_time: START + HOUR, fill: "locf" };
const rollUp = async () => rollUpHours(env.DB, await siteId(SITE), 0, () => START + 10 * DAY);
const archiveDays = async (samples: readonly Sample[]) => {
  await settle(samples, new Map([[id, VALVE]]));
  await deleteHotDays(...new Set(samples.map(([, time]) => dayOf(time))));
};

describe("a valve whose last change, to 1, was five hours ago", () => {
  beforeEach(async () => {
    await storeSamples([
      [id, START - 30 * HOUR, 0.5],
      [id, START - 6 * HOUR, 0],
      [id, START - 5 * HOUR, 1],
      [id, START + 5 * HOUR, 0],
    ]);
    await setWatermark(SITE, START + HOUR);
  });
  const ones = Array.from({ length: 60 }, () => 1);

  test.each(["as it came", "summed up"])("%s: 1 in each bucket, flagged as filled, in json and rows", async (how) => {
    if (how === "summed up") await rollUp();
    const { series, interval, metadata } = await queryJson(lastHour);
    expect(interval).toBe("1min");
    expect(series).toMatchObject([{ values: ones, filled: ones, count: ones.map(() => 0) }]);
    expect(series[0]!.timestamps).toEqual(ones.map((_, i) => START + i * MINUTE));
    expect(metadata).toMatchObject({ total_samples: 0, fill: "locf", partial: false });
    const { samples } = await queryRows(lastHour);
    expect(samples.map(({ value, filled }) => [value, filled])).toEqual(ones.map(() => [1, 1]));
  });

  test("in csv and arrow too", async () => {
    const csv = parseCsv(await (await call(timeseriesPath({ ...lastHour, format: "csv" }))).text());
    const [value, filled] = [csv[0]!.indexOf("value"), csv[0]!.indexOf("filled")];
    expect(csv.slice(1).map((row) => [row[value], row[filled]])).toEqual(ones.map(() => ["1", "1"]));
    const arrow = await call(timeseriesPath({ ...lastHour, format: "arrow" }));
    const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()));
    expect([...table.getChild("filled")!].map(Number)).toEqual(ones);
    expect([...table.getChild("value")!].map(Number)).toEqual(ones);
  });

  test("the value is carried up to the watermark, not beyond", async () => {
    await setWatermark(SITE, START + 20 * MINUTE + 30_000);
    const { series, metadata } = await queryJson(lastHour);
    expect(series[0]!.timestamps.at(-1)).toBe(START + 19 * MINUTE);
    expect(metadata.pending).toEqual([START + 20 * MINUTE + 30_000, START + HOUR]);
  });

  test("a range that ends within a bucket is filled to its end", async () => {
    const { series } = await queryJson({ ...lastHour, end_time: START + 30 * MINUTE, interval: "1hr" });
    expect(series).toMatchObject([{ timestamps: [START], values: [1], filled: [1] }]);
  });

  test("a range before its first sample stays empty", async () => {
    const range = { start_time: START - 40 * HOUR, end_time: START - 31 * HOUR };
    expect((await queryJson({ ...lastHour, ...range, interval: "1hr" })).series[0]!.values).toEqual([]);
  });

  test.each([
    ["slice", "UPDATE block_days SET hours = unhex('00')"],
    ["place", "UPDATE block_days SET places = unhex('DEADBEEF')"],
  ])("the value is carried despite a damaged %s of its day", async (_, damage) => {
    await rollUp();
    await env.DB.prepare(damage).run();
    const { series, metadata } = await queryJson(lastHour);
    expect(series).toMatchObject([{ values: ones, filled: ones }]);
    expect(metadata).toMatchObject({ partial: false });
  });
});

test("the carried value is the last sample of a bucket, not its mean", async () => {
  await storeSamples([
    [id, START, 0],
    [id, START + 10_000, 1],
    [id, START + 3 * MINUTE, 0],
  ]);
  await setWatermark(SITE, START + HOUR);
  const { series } = await queryJson({ ...lastHour, end_time: START + 5 * MINUTE, interval: "1min" });
  expect(series[0]!.values).toEqual([0.5, 1, 1, 0, 0]);
});

test("hours are filled from hourly aggregates", async () => {
  await storeSamples([
    [id, START - 7 * HOUR, 3],
    [id, START + 2 * HOUR, 5],
  ]);
  await rollUp();
  await setWatermark(SITE, START + DAY);
  const asked = { ...lastHour, end_time: START + 4 * HOUR, interval: "1hr", tz: "UTC" };
  const { series, metadata } = await queryJson(asked);
  expect(metadata.computed_from).toBe("hours");
  expect(series).toMatchObject([{ values: [3, 3, 5, 5], filled: [1, 1, 0, 1] }]);
});

describe.each(["hot", "settled"])("hourly aggregates of a %s valve", (level) => {
  test("carry the last sample of an hour with a change, not its mean", async () => {
    const samples: Sample[] = [
      [id, START, 0],
      [id, START + 40 * MINUTE, 1],
      [id, START + 4 * HOUR, 1],
      [id, START + 4 * HOUR + MINUTE, 0],
      [id, START + 5 * HOUR, 0],
    ];
    await (level === "hot" ? storeSamples(samples) : archiveDays(samples));
    await rollUp();
    await setWatermark(SITE, START + DAY);
    const asked = { ...lastHour, end_time: START + 8 * HOUR, interval: "1hr", tz: "UTC" };
    const { series, metadata } = await queryJson(asked);
    expect(metadata.computed_from).toBe("hours");
    expect(series).toMatchObject([{ values: [0.5, 1, 1, 1, 0.5, 0, 0, 0], filled: [0, 1, 1, 1, 0, 0, 1, 1] }]);
  });
});

describe("a last sample in a day file", () => {
  const costOf = async (names: string) => {
    const seen = { r2: 0, d1: 0 };
    const bucket = aroundRequests(env.TIMESERIES, (request) => {
      seen.r2++;
      return request();
    });
    const db = new Proxy(env.DB, {
      get(target, key): unknown {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]): unknown => {
          if (key === "batch") seen.d1++;
          return Reflect.apply(member, target, given);
        };
      },
    });
    const answer = await queryJson({ ...lastHour, point_names: names }, { TIMESERIES: bucket, DB: db });
    return { answer, seen };
  };

  test.each([1, 20, 399])("%i days before costs one read of R2", async (days) => {
    await archiveDays([[id, START - days * DAY, 7]]);
    await setWatermark(SITE, START + HOUR);
    const { answer, seen } = await costOf(VALVE);
    expect(answer.series[0]!.values).toEqual(Array.from({ length: 60 }, () => 7));
    expect(answer.metadata.storage_tiers.cold).toMatchObject({ requests: 1, samples: 0 });
    expect(seen).toEqual({ r2: 1, d1: 5 });
  });

  test("a sample older than 400 days is not searched", async () => {
    await archiveDays([[id, START - 402 * DAY, 7]]);
    await setWatermark(SITE, START + HOUR);
    expect((await costOf(VALVE)).answer.series[0]!.values).toEqual([]);
  });

  test("points that are neighbours by name share a read", async () => {
    const names = Array.from({ length: 8 }, (_, i) => `v${i}`);
    const ids = await storePoints(
      SITE,
      names.map((name) => point(name)),
    );
    const samples = ids.map((one, i): Sample => [one, START - 3 * DAY, i]);
    await settle(samples, new Map(ids.map((one, i) => [one, names[i]!])));
    await setWatermark(SITE, START + HOUR);
    const { answer, seen } = await costOf(names.join());
    expect(answer.series.map(({ values }) => values.at(-1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(seen.r2).toBe(1);
  });

  test("a deleted file makes the answer partial, and no value is carried", async () => {
    await storeSamples([[id, START - 3 * DAY, 1]]);
    await archiveDays([[id, START - 2 * DAY, 7]]);
    await env.TIMESERIES.delete(keyOf(dayOf(START - 2 * DAY)));
    await setWatermark(SITE, START + HOUR);
    for (const round of ["found out", "known"]) {
      const { series, metadata } = await queryJson(lastHour);
      expect([round, metadata.partial, series[0]!.values]).toEqual([round, true, []]);
    }
  });
});

describe("the ETag", () => {
  const etagOf = async () => (await call(timeseriesPath(lastHour))).headers.get("etag");

  test.each<[string, () => Promise<unknown>]>([
    ["a sample before the range", () => storeSamples([[id, START - HOUR, 2]])],
    ["another value of the last sample", () => storeSamples([[id, START - 5 * HOUR, 2]])],
    ["a settled day before the range", () => archiveDays([[id, START - HOUR, 3]])],
    ["the watermark", () => setWatermark(SITE, START + 30 * MINUTE)],
  ])("changes with %s", async (_, change) => {
    await storeSamples([[id, START - 5 * HOUR, 1]]);
    await rollUp();
    await setWatermark(SITE, START + HOUR);
    const before = await etagOf();
    expect(await etagOf()).toBe(before);
    await change();
    expect(await etagOf()).not.toBe(before);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["a sample before the last one", () => storeSamples([[id, START - 3 * DAY, 2]])],
    ["a sample after the range", () => storeSamples([[id, START + 5 * HOUR, 2]])],
    ["a watermark beyond the range", () => setWatermark(SITE, START + 9 * HOUR)],
  ])("does not change with %s", async (_, change) => {
    await storeSamples([[id, START - 5 * HOUR, 1]]);
    await rollUp();
    await setWatermark(SITE, START + HOUR);
    const before = await etagOf();
    await change();
    await rollUp();
    expect(await etagOf()).toBe(before);
  });
});

test("over any history, an empty bucket has the last sample before it", async () => {
  const sample = fc.record({ minute: fc.integer({ min: -4 * 1440, max: 59 }), value: fc.integer({ min: 0, max: 9 }) });
  const history = fc.record({
    samples: fc.array(sample, { maxLength: 6 }),
    settled: fc.array(fc.integer({ min: -4, max: -1 }), { maxLength: 3 }),
    isRolledUp: fc.boolean(),
    late: fc.array(sample, { maxLength: 3 }),
    offset: fc.integer({ min: 0, max: 59 }),
  });
  await fc.assert(
    fc
      .asyncProperty(history, async ({ samples, settled, isRolledUp, late, offset }) => {
        const stored = new Map<number, Sample>();
        const store = async (some: typeof samples) => {
          const rows = some.map(({ minute, value }): Sample => [id, START + minute * MINUTE, value]);
          for (const row of rows) stored.set(row[1], row);
          await storeSamples(rows);
        };
        await store([...new Map(samples.map((one) => [one.minute, one])).values()]);
        if (isRolledUp) await rollUp();
        for (const day of new Set(settled)) {
          const own = [...stored.values()].filter(([, time]) => dayOf(time) === dayOf(START) + day);
          if (own.length > 0) await archiveDays(own);
        }
        await store([...new Map(late.map((one) => [one.minute, one])).values()]);
        await setWatermark(SITE, START + HOUR);
        const start = START + offset * MINUTE;
        const { series } = await queryJson({ ...lastHour, start_time: start, interval: "1min" });
        const sorted = [...stored.values()].sort(([, a], [, b]) => a - b);
        const expected = Array.from({ length: 60 - offset }, (_, i) => start + i * MINUTE).flatMap((time) => {
          const last = sorted.findLast(([, at]) => at < time + MINUTE);
          return last === undefined ? [] : [[time, last[2], last[1] >= time ? 0 : 1]];
        });
        const { timestamps, values, filled } = series[0]!;
        expect(timestamps.map((time, i) => [time, values[i], filled![i]])).toEqual(expected);
      })
      .beforeEach(async () => {
        await clear();
        await clearCold();
        [id = 0] = await storePoints(SITE, [point(VALVE, { intervalS: null })]);
      }),
    { numRuns: 12 },
  );
});
