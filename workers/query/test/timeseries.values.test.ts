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
  SITE,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const START = Date.UTC(2025, 9, 12);
const HOUR = 3_600_000;

beforeAll(migrate);
beforeEach(clear);

test("values are equal bit for bit in json and rows, raw and in buckets", async () => {
  const doubles = [-0, 0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 25.517500000000002, 2 ** 53 + 2];
  const [a] = await storePoints(SITE, [point("a", { unit: "°F" })]);
  const times = doubles.map((_, i) => START + i * 60_000);
  await storeSamples(doubles.map((value, i) => [a!, times[i]!, value]));
  const asked = { site_name: SITE, point_names: "a", start_time: START, end_time: START + HOUR };
  const raw = { point_name: "a", unit: "°F", timestamps: times, values: doubles };
  expect((await queryJson({ ...asked, interval: "raw" })).series).toEqual([raw]);
  const buckets = { ...raw, min: doubles, max: doubles, count: doubles.map(() => 1) };
  expect((await queryJson({ ...asked, interval: "1min" })).series).toEqual([buckets]);
  for (const interval of ["raw", "1min"]) {
    const samples = doubles.map((value, i) => ({ point_name: "a", timestamp: times[i], value }));
    expect((await queryRows({ ...asked, interval })).samples).toEqual(samples);
  }
});

test("points without samples: empty columns in json, nothing in rows", async () => {
  await storePoints(SITE, [point("a"), point('b"')]);
  const asked = { site_name: SITE, point_names: 'a,b"', start_time: START, end_time: START + HOUR };
  const empty = { unit: null, timestamps: [], values: [] };
  expect((await queryJson({ ...asked, interval: "raw" })).series).toEqual([
    { point_name: "a", ...empty },
    { point_name: 'b"', ...empty },
  ]);
  const aggregated = { ...empty, min: [], max: [], count: [] };
  expect((await queryJson({ ...asked, interval: "1hr" })).series[1]).toEqual({ point_name: 'b"', ...aggregated });
  expect((await queryRows(asked)).samples).toEqual([]);
});

test("points of several reads keep their samples, in the requested order", async () => {
  const names = Array.from({ length: 100 }, (_, i) => `p${(i * 37) % 100}`);
  const ids = await storePoints(
    SITE,
    names.map((name) => point(name)),
  );
  await storeSamples(ids.map((id, i) => [id, START + i, i]));
  const asked = { site_name: SITE, point_names: names, start_time: START, end_time: START + HOUR, interval: "raw" };
  const { series } = await queryJson(asked);
  expect(series.map(({ point_name }) => point_name)).toEqual(names);
  expect(series.map(({ values }) => values)).toEqual(names.map((_, i) => [i]));
  const { samples } = await queryRows(asked);
  expect(samples.map(({ point_name }) => point_name)).toEqual(names.toSorted());
  expect(samples.every(({ point_name, value }) => names[value ?? -1] === point_name)).toBe(true);
});

describe("an answer of 100,000 values", () => {
  const NAMES = ["b", "a", "d", "c"];
  const EACH = 25_000;
  const valueAt = (p: number, i: number) => (i - EACH / 2) / (p + 3);
  const asked = {
    site_name: SITE,
    point_names: NAMES,
    start_time: START,
    end_time: START + 30_000_000,
    interval: "raw",
  };

  beforeEach(async () => {
    const ids = await storePoints(
      SITE,
      NAMES.map((name) => point(name, { intervalS: null })),
    );
    await storeSamples(
      ids.flatMap((id, p) => Array.from({ length: EACH }, (_, i): Sample => [id, START + i * 1000, valueAt(p, i)])),
    );
  });

  test("json: complete and correct", async () => {
    const { series, metadata } = await queryJson(asked);
    expect(metadata.total_samples).toBe(4 * EACH);
    expect(series.map(({ point_name }) => point_name)).toEqual(NAMES);
    for (const [p, { timestamps, values }] of series.entries()) {
      expect([timestamps.length, values.length]).toEqual([EACH, EACH]);
      expect(timestamps.every((time, i) => time === START + i * 1000)).toBe(true);
      expect(values.every((value, i) => Object.is(value, valueAt(p, i)))).toBe(true);
    }
  });

  test("rows: complete, correct and sorted", async () => {
    const { samples } = await queryRows(asked);
    expect(samples.length).toBe(4 * EACH);
    const order = NAMES.toSorted();
    const isRight = samples.every(({ point_name, timestamp, value }, at) => {
      const [name, i] = [order[Math.floor(at / EACH)]!, at % EACH];
      return point_name === name && timestamp === START + i * 1000 && value === valueAt(NAMES.indexOf(name), i);
    });
    expect(isRight).toBe(true);
  });

  test("the answer is sent in pieces, and a reader may cancel", async () => {
    const response = await call(timeseriesPath(asked));
    const reader = response.body!.getReader();
    const sizes: number[] = [];
    for (let i = 0; i < 5; i++) sizes.push((await reader.read()).value?.byteLength ?? 0);
    await reader.cancel();
    expect(Math.max(...sizes)).toBeLessThan(200_000);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });
});

test("more samples than the cadence implies: refused, with a suggestion", async () => {
  const [a] = await storePoints(SITE, [point("a")]);
  for (let part = 0; part < 4; part++) {
    const from = START + part * HOUR;
    await storeSamples(Array.from({ length: 250_001 }, (_, i): Sample => [a!, from + i * 10, 1]));
  }
  const asked = { site_name: SITE, point_names: "a", start_time: START, end_time: START + 4 * HOUR };
  const problem = await problemOf(await call(timeseriesPath({ ...asked, interval: "raw" })));
  expect(problem).toMatchObject({ status: 422, code: "too_much_data", field: "interval" });
  expect(problem.detail).toMatch(/more than 1000000 values: ask for a coarser interval/);
  expect((await queryJson({ ...asked, interval: "1min" })).metadata.total_samples).toBe(1_000_004);
});
