import {
  HISTORY_HOURS,
  HISTORY_START as START,
  meterHistory,
  naiveUse,
  type Reading,
} from "@building-vitals/core/test/naive-use";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { clearCold, deleteHotDays, settle } from "./settle-days.ts";
import { DAY, HOUR, MINUTE, ZONES } from "./naive.ts";
import { call, clear, migrate, type Parameters, point, problemOf, type Sample, SITE } from "./service.ts";
import { setWatermark, storePoints, storeSamples, timeseriesPath } from "./service.ts";

const numbers = z.array(z.number().nullable());
const seriesSchema = z.looseObject({
  point_name: z.string(),
  unit: z.string().nullable(),
  agg: z.string(),
  quantity: z.string(),
  total: z.number().nullable().optional(),
  total_low: z.number().nullable().optional(),
  total_high: z.number().nullable().optional(),
  timestamps: z.array(z.number()),
  values: numbers,
  low: numbers.optional(),
  high: numbers.optional(),
  flags: z.array(z.string()).optional(),
  count: z.array(z.int()),
  avg: numbers.optional(),
  p95: numbers.optional(),
  first: numbers.optional(),
  last: numbers.optional(),
  twa: numbers.optional(),
});
const answerSchema = z.looseObject({
  series: z.array(seriesSchema),
  metadata: z.looseObject({ computed_from: z.string(), completeness: z.number().nullable() }),
});

const ask = async (asked: Parameters) => {
  const response = await call(timeseriesPath({ site_name: SITE, ...asked }));
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return answerSchema.parse(JSON.parse(text));
};
const only = async (asked: Parameters) => (await ask(asked)).series[0]!;
const meter = point("main/EnergyTotal", { unit: "kWh" });
const END = START + HISTORY_HOURS * HOUR;

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
});

/** Stores a meter's readings: as hot samples, or those of the first day in a file only. */
async function storeMeter(readings: readonly Reading[], isSettled: boolean): Promise<void> {
  const [id] = await storePoints(SITE, [meter]);
  const samples = readings.map(([time, value]): Sample => [id!, time, value]);
  await storeSamples(samples);
  await setWatermark(SITE, END);
  const firstDay = samples.filter(([, time]) => time < START + DAY);
  if (!isSettled || firstDay.length === 0) return;
  await settle(firstDay, new Map([[id!, meter.name]]));
  await deleteHotDays(START / DAY);
}

const rounded = (value: number | null | undefined) => (value == null ? null : Math.round(value * 1e6) / 1e6 + 0);
const known = (value: number) => (Number.isNaN(value) ? null : rounded(value));
const own = (flags: string) => new Set(flags.split(" ").filter((flag) => flag !== "" && flag !== "cut"));

test("the use of any meter, from either level and any interval, equals a computation from its readings", async () => {
  const question = fc.record({
    interval: fc.constantFrom("15min", "1hr", "1day", "1week"),
    tz: fc.constantFrom(...ZONES),
    from: fc.oneof(fc.constant(0), fc.nat(HISTORY_HOURS * 60 - 2)),
  });
  const seen = { hours: 0, samples: 0 };
  await fc.assert(
    fc
      .asyncProperty(
        meterHistory,
        fc.boolean(),
        fc.array(question, { minLength: 3, maxLength: 4 }),
        async (readings, isSettled, questions) => {
          await storeMeter(readings, isSettled);
          for (const { interval, tz, from } of questions) {
            const range = { start_time: START + from * MINUTE, end_time: END };
            const answer = await ask({ ...range, point_names: meter.name, interval, tz, agg: "delta" });
            const found = answer.series[0]!;
            seen[answer.metadata.computed_from === "hours" ? "hours" : "samples"]++;
            const edges = [range.start_time, ...found.timestamps.slice(1), END];
            // As the readings before it are judged too, a query reads an hour around its range.
            const read = readings.filter(([time]) => time >= Math.floor(range.start_time / HOUR) * HOUR - HOUR);
            const expected = naiveUse(read, edges);
            expect(found.values.map(rounded)).toEqual(expected.map(({ delta }) => known(delta)));
            expect(found.low!.map(rounded)).toEqual(expected.map(({ low }) => known(low)));
            expect(found.high!.map(rounded)).toEqual(expected.map(({ high }) => known(high)));
            expect(found.flags!.map(own)).toEqual(expected.map(({ flags }) => flags));
            const [total] = naiveUse(read, [range.start_time, END]);
            expect([found.total, found.total_low, found.total_high].map(rounded)).toEqual(
              [total!.delta, total!.low, total!.high].map(known),
            );
            const inRange = readings.filter(([time]) => time >= range.start_time);
            expect(found.count.reduce((sum, count) => sum + count, 0)).toBe(inRange.length);
          }
        },
      )
      .beforeEach(async () => {
        await clear();
        await clearCold();
      }),
    { numRuns: 25 },
  );
  expect(Math.min(seen.hours, seen.samples)).toBeGreaterThan(10);
});

/** A reading a minute. */
const steady = (id: number, value: (minute: number) => number, minutes: number): Sample[] =>
  Array.from({ length: minutes }, (_, i): Sample => [id, START + i * MINUTE, value(i)]);

describe("a day of a meter, a fan, power and a temperature", () => {
  const names = { energy: "main/EnergyTotal", fan: "ahu/binaryInput/1", power: "main/Demand", temp: "zone/Temp" };

  beforeEach(async () => {
    const [energy, fan, power, temp] = await storePoints(SITE, [
      meter,
      point(names.fan),
      point(names.power, { unit: "kW" }),
      point(names.temp, { unit: "°C" }),
      point("kwh_delta", { unit: "kWh" }),
      point("Wind", { unit: "°" }),
    ]);
    await storeSamples([
      ...steady(energy!, (i) => 29_335_000 + i / 2, 1440),
      ...steady(fan!, (i) => (i % 60 < 15 ? 1 : 0), 1440),
      ...steady(power!, (i) => (i >= 600 && i < 615 ? 90 : 30), 1440),
      ...steady(temp!, (i) => 20 + (i % 10), 1440),
    ]);
    await setWatermark(SITE, START + DAY);
  });
  const day = { start_time: START + HOUR, end_time: START + DAY - HOUR, interval: "1hr", tz: "UTC" };

  test("auto follows the quantity of each point, and all series have the same columns", async () => {
    const { series } = await ask({ ...day, point_names: Object.values(names), agg: "auto" });
    expect(series.map(({ quantity, agg, unit }) => [quantity, agg, unit])).toEqual([
      ["counter", "delta", "kWh"],
      ["state", "last", null],
      ["gauge", "avg", "kW"],
      ["gauge", "avg", "°C"],
    ]);
    const columns = series.map((one) => Object.keys(one).filter((name) => Array.isArray(one[name])));
    for (const one of columns) expect(one).toEqual(columns[0]);
    expect(series[0]!.values).toEqual(Array.from({ length: 22 }, () => 30));
    expect(series[1]!["duration_on"]).toEqual(Array.from({ length: 22 }, () => 900));
    expect(series[0]!.total).toBe(660);
  });

  test("rate, integral and peak have the units that follow from them", async () => {
    const rate = await only({ ...day, point_names: names.energy, agg: "rate" });
    expect([rate.unit, ...new Set(rate.values)]).toEqual(["kW", 30]);
    const integral = await only({ ...day, point_names: names.power, agg: "integral" });
    expect([integral.unit, integral.values[0], integral.values[9]]).toEqual(["kWh", 30, 45]);
    const peak = await only({ ...day, interval: "1day", point_names: names.power, agg: "peak" });
    expect([peak.unit, peak.values, peak["at"]]).toEqual(["kW", [90], [START + 600 * MINUTE]]);
  });

  test("several aggregates are columns in the order asked for", async () => {
    const found = await only({ ...day, point_names: names.temp, agg: "p50,p95,first,last,twa,min,max" });
    expect(found.values[0]).toBe(24.5);
    expect([found.p95, found.first, found.last].map((column) => column?.[0])).toEqual([29, 20, 29]);
    expect(found.twa?.[0]).toBeCloseTo(24.5, 9);
    expect(Object.keys(found).indexOf("p95")).toBeLessThan(Object.keys(found).indexOf("first"));
  });

  test("differences are converted without offset", async () => {
    const delta = await only({ ...day, point_names: names.temp, agg: "delta,avg", units: "imperial" });
    expect([delta.unit, delta.values[0]]).toEqual(["Δ°F", 0]);
    expect(delta.avg?.[0]).toBeCloseTo(24.5 * 1.8 + 32, 9);
  });

  test("the hours that a fan runs, by chosen values", async () => {
    const found = await only({ ...day, interval: "1day", point_names: names.fan, agg: "duration_on", on: "0" });
    expect([found.unit, found.values]).toEqual(["s", [22 * 2700]]);
  });

  test.each([
    [{ agg: "sum", point_names: names.temp }, 422, "agg_not_for_quantity", "sum means nothing for the quantity gauge"],
    [{ agg: "delta", point_names: names.fan }, 422, "agg_not_for_quantity", "object type binaryInput"],
    [
      { agg: "rate", point_names: "kwh_delta" },
      422,
      "agg_not_for_quantity",
      "means nothing for the quantity consumption",
    ],
    [{ agg: "p95", point_names: "Wind" }, 422, "agg_not_for_quantity", "means nothing for the quantity angle"],
    [{ agg: "avg", point_names: names.temp, interval: "raw" }, 400, "invalid_request", "agg applies to buckets"],
    [{ agg: "avg", point_names: names.temp, fill: "null" }, 400, "invalid_request", "does not apply to agg"],
    [{ agg: "mean", point_names: names.temp }, 400, "invalid_request", "agg"],
    [{ agg: "duration_on", on: "a", point_names: names.fan }, 400, "invalid_request", "on"],
  ])("refuses %j", async (asked, status, code, detail) => {
    const response = await call(timeseriesPath({ site_name: SITE, ...day, ...asked }));
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringContaining(detail) });
  });
});

test("a meter that is read once a day: each day's use, and no number where it overflows", async () => {
  const [daily, huge] = await storePoints(SITE, [
    point("daily", { unit: "kWh", intervalS: 86_400 }),
    point("huge", { label: "Net Energy", unit: "kWh" }),
  ]);
  await storeSamples([
    ...Array.from({ length: 7 }, (_, i): Sample => [daily!, START + i * DAY + 6 * HOUR, 100 * i * i]),
    [huge!, START + 3 * DAY, -1.7e308],
    [huge!, START + 3 * DAY + MINUTE, 1.7e308],
  ]);
  await setWatermark(SITE, START + 7 * DAY);
  const days = { start_time: START + 3 * DAY, end_time: START + 6 * DAY, interval: "1day", tz: "UTC", agg: "delta" };
  expect(await only({ ...days, point_names: "daily" })).toMatchObject({ values: [500, 700, 900], total: 2100 });
  const hour = { ...days, end_time: START + 3 * DAY + 2 * MINUTE, interval: "1hr" };
  expect(await only({ ...hour, point_names: "huge" })).toMatchObject({ values: [null], total: null });
});

test("no value is known to hold beyond the site's front, and one from long before the range holds", async () => {
  const [fan, counter] = await storePoints(SITE, [
    point("ahu/binaryInput/1", { intervalS: null }),
    point("Pulses Total", { intervalS: null }),
  ]);
  await storeSamples([
    [fan!, START, 1],
    [counter!, START, 7],
    [counter!, START + 20 * HOUR, 9],
  ]);
  await setWatermark(SITE, START + 20.5 * HOUR);
  const asked = { start_time: START + 19 * HOUR, end_time: START + 22 * HOUR, interval: "1hr", tz: "UTC" };
  const held = await only({ ...asked, point_names: "ahu/binaryInput/1", agg: "duration_on" });
  expect([held.values, held["coverage"]]).toEqual([
    [3600, 1800, null],
    [1, 0.5, 0],
  ]);
  for (const interval of ["1hr", "15min"]) {
    const use = await only({
      ...asked,
      end_time: START + 20 * HOUR,
      interval,
      point_names: "Pulses Total",
      agg: "delta",
    });
    expect(use).toMatchObject({ total: 2 });
  }
  expect(await only({ ...asked, point_names: "Pulses Total", agg: "delta" })).toMatchObject({
    values: [2, null, null],
    total: null,
    total_low: 2,
  });
});

test("peaks and integrals say nothing that they do not know", async () => {
  const [temp] = await storePoints(SITE, [point("Temp", { unit: "°C" })]);
  await storeSamples(steady(temp!, (i) => (i < 12 ? 90 : 20), 120));
  await setWatermark(SITE, START + 2 * HOUR);
  const asked = {
    start_time: START + 7 * MINUTE,
    end_time: START + HOUR,
    interval: "1hr",
    tz: "UTC",
    point_names: "Temp",
  };
  // The first quarter is cut by the range.
  expect(await only({ ...asked, agg: "peak" })).toMatchObject({ values: [20], at: [START + 15 * MINUTE] });
  const integral = await only({ ...asked, start_time: START, agg: "integral", units: "imperial" });
  expect(integral).toMatchObject({ unit: "°C·h", values: [(12 * 90 + 48 * 20) / 60] });
});

test("a late reading before the range changes the ETag of a use", async () => {
  const [id] = await storePoints(SITE, [meter]);
  await storeSamples(steady(id!, (i) => i, 120));
  await setWatermark(SITE, START + 2 * HOUR);
  const path = timeseriesPath({
    site_name: SITE,
    point_names: meter.name,
    start_time: START + HOUR,
    end_time: START + 2 * HOUR,
    interval: "1hr",
    agg: "delta",
  });
  const before = (await call(path)).headers.get("etag");
  await storeSamples([[id!, START + HOUR - 1, 59.5]]);
  expect((await call(path)).headers.get("etag")).not.toBe(before);
});
