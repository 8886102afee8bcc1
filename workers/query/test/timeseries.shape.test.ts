import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  call,
  clear,
  migrate,
  point,
  problemOf,
  queryJson,
  queryRows,
  type Sample,
  setWatermark,
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

beforeAll(migrate);

let id = 0;
beforeEach(async () => {
  await clear();
  id = (await storePoints(SITE, [point("a", { unit: "°F" })]))[0]!;
});

/** A sample every `ms` milliseconds: a sine with one spike. */
const wave = (size: number, ms: number): Sample[] =>
  Array.from({ length: size }, (_, i): Sample => [id, START + i * ms, i === 777 ? 99 : Math.sin(i / 50)]);

const asked = { site_name: SITE, point_names: "a", start_time: START, end_time: START + 24 * HOUR };

describe("max_points", () => {
  test("raw without max_points: all samples", async () => {
    await storeSamples(wave(5000, 10_000));
    const { series, metadata } = await queryJson({ ...asked, interval: "raw" });
    expect([series[0]!.values.length, metadata.downsampled]).toEqual([5000, null]);
  });

  test("raw with max_points: thinned, with the spike and unchanged samples", async () => {
    const samples = wave(5000, 10_000);
    await storeSamples(samples);
    const { series, metadata } = await queryJson({ ...asked, interval: "raw", max_points: 100 });
    const { timestamps, values, min, max, count } = series[0]!;
    expect(timestamps.length).toBeLessThanOrEqual(100);
    expect(metadata).toMatchObject({
      interval: "raw",
      total_samples: 5000,
      downsampled: { method: "minmax-lttb", from: 5000, to: timestamps.length },
    });
    const known = new Map(samples.map(([, time, value]) => [time, value]));
    expect(values).toEqual(timestamps.map((time) => known.get(time)));
    expect([timestamps[0], timestamps.at(-1)]).toEqual([START, START + 4999 * 10_000]);
    expect(values).toContain(99);
    expect(Math.max(...max!.map(Number))).toBe(99);
    expect(Math.min(...min!.map(Number))).toBe(Math.min(...samples.map(([, , value]) => value)));
    expect(count!.reduce((sum, one) => sum + one)).toBe(5000);
    const { samples: rows } = await queryRows({ ...asked, interval: "raw", max_points: 100 });
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(timestamps);
  });

  test("auto: raw by the cadence, thinned if there are more samples", async () => {
    await storeSamples(wave(5000, 10_000));
    const { series, metadata } = await queryJson({ ...asked, max_points: 1500 });
    expect(metadata).toMatchObject({ interval: "raw", downsampled: { from: 5000 } });
    expect(series[0]!.values.length).toBeLessThanOrEqual(1500);
  });

  test("auto: a raw series that fits is not thinned", async () => {
    await storeSamples(wave(1000, MINUTE));
    const { series, metadata } = await queryJson(asked);
    expect([metadata.interval, metadata.downsampled, series[0]!.values.length]).toEqual(["raw", null, 1000]);
  });

  test("auto with fill: takes buckets, and counts the filled ones too", async () => {
    await storePoints(SITE, [point("a", { intervalS: 3600 })]);
    await storeSamples(Array.from({ length: 24 }, (_, i): Sample => [id, START + i * HOUR, i]));
    await setWatermark(SITE, START + 24 * HOUR);
    expect((await queryJson({ ...asked, max_points: 300 })).interval).toBe("raw");
    expect((await queryJson({ ...asked, max_points: 300, fill: "null" })).interval).toBe("raw");
    for (const [fill, buckets] of [
      ["locf", 24 * 12],
      ["linear", 23 * 12 + 1],
    ] as const) {
      const { interval, series } = await queryJson({ ...asked, max_points: 300, fill });
      expect([interval, series[0]!.values.length]).toEqual(["5min", buckets]);
    }
  });
});

describe("fill", () => {
  beforeEach(async () => {
    await storeSamples([
      ...[0, 1, 2, 30, 31].map((minute): Sample => [id, START + minute * MINUTE, minute]),
      [id, START + 50 * MINUTE, 100],
    ]);
    await setWatermark(SITE, START + 40 * MINUTE);
  });
  const times = (minutes: readonly number[]) => minutes.map((minute) => START + minute * MINUTE);

  test.each([
    ["none", [0, 30, 50], [1, 30.5, 100]],
    ["null", [0, 5, 10, 15, 20, 25, 30, 35, 50], [1, null, null, null, null, null, 30.5, null, 100]],
    ["locf", [0, 5, 10, 15, 20, 25, 30, 35, 50], [1, 2, 2, 2, 2, 2, 30.5, 31, 100]],
  ] as const)("%s: fills neither after the last sample nor beyond the watermark", async (fill, minutes, values) => {
    const { series, metadata } = await queryJson({ ...asked, interval: "5min", fill });
    expect(metadata).toMatchObject({ fill, total_samples: 6 });
    expect(series[0]).toMatchObject({ timestamps: times(minutes), values });
    const isFilled = minutes.map((minute) => ([0, 30, 50].includes(minute) ? 0 : 1));
    expect(series[0]!.filled).toEqual(fill === "none" ? undefined : isFilled);
    expect(series[0]!.count!.map((count) => (count === 0 ? 1 : 0))).toEqual(isFilled);
  });

  test("linear, in the requested unit", async () => {
    const { series } = await queryJson({ ...asked, interval: "5min", fill: "linear", units: "metric" });
    expect(series[0]!.unit).toBe("°C");
    expect(series[0]!.values[3]).toBeCloseTo((((1 + 30.5) / 2 - 32) * 5) / 9, 10);
    expect(series[0]!.min![3]).toBeNull();
  });

  test("raw: a line breaks within each gap of more than three cadences", async () => {
    const { series } = await queryJson({ ...asked, interval: "raw", fill: "null" });
    expect(series[0]).toMatchObject({
      timestamps: times([0, 1, 2, 16, 30, 31, 40.5, 50]),
      values: [0, 1, 2, null, 30, 31, null, 100],
      filled: [0, 0, 0, 1, 0, 0, 1, 0],
    });
    const { samples } = await queryRows({ ...asked, interval: "raw", fill: "null" });
    expect(samples[3]).toEqual({ point_name: "a", timestamp: START + 16 * MINUTE, value: null, filled: 1 });
  });

  test.each(["locf", "linear"])("raw cannot be filled with %s: refused, with a suggestion", async (fill) => {
    const problem = await problemOf(await call(timeseriesPath({ ...asked, interval: "raw", fill })));
    expect(problem).toMatchObject({ status: 400, code: "invalid_request", field: "fill" });
    expect(problem.detail).toMatch(/interval=1min or coarser, or fill=null/);
  });
});

describe("units", () => {
  test("metric converts values, min, max and the unit; other units stay", async () => {
    const ids = await storePoints(SITE, [point("a", { unit: "°F" }), point("b", { unit: "furlong" }), point("c")]);
    await storeSamples(
      ids.flatMap((one): Sample[] => [
        [one, START, 32],
        [one, START + 1, 212],
      ]),
    );
    const { series, metadata } = await queryJson({ ...asked, point_names: "a,b,c", interval: "1hr", units: "metric" });
    expect(metadata.units).toBe("metric");
    const hour = { timestamps: [START], count: [2] };
    expect(series).toEqual([
      { point_name: "a", unit: "°C", ...hour, values: [50], min: [0], max: [100] },
      { point_name: "b", unit: "furlong", ...hour, values: [122], min: [32], max: [212] },
      { point_name: "c", unit: null, ...hour, values: [122], min: [32], max: [212] },
    ]);
  });

  test("an unknown unit system is refused", async () => {
    const problem = await problemOf(await call(timeseriesPath({ ...asked, units: "si" })));
    expect(problem).toMatchObject({ status: 400, field: "units" });
  });
});
