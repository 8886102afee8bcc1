import { env } from "cloudflare:workers";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { replaceCatalog } from "@building-vitals/core/catalog/replace-catalog";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { settle, clearCold, deleteHotDays } from "./settle-days.ts";
import { DAY, HOUR, MINUTE } from "./naive.ts";
import {
  call,
  clear,
  migrate,
  type Parameters,
  point,
  queryJson,
  type Sample,
  setWatermark,
  SITE,
  siteId,
  storeSamples,
} from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;
const START = FIRST * DAY;
/** Within a rolled-up hour of a hot day. */
const CHANGE = START + DAY + 10 * HOUR + 25 * MINUTE;
const END = START + 2 * DAY;

/** The measured values, °C. */
const celsius = (time: number) => 10 + 5 * ((time / (10 * MINUTE)) % 7);
/** The values as sent. */
const sent = (time: number) => (time < CHANGE ? (celsius(time) * 9) / 5 + 32 : celsius(time));
const TIMES = Array.from({ length: 288 }, (_, i) => START + i * 10 * MINUTE);

async function list(unit: string | null, at: number) {
  const site = await siteId(SITE);
  await replaceCatalog(env.DB, site, await loadCatalog(env.DB, site), [point("a", { unit, intervalS: 600 })], at);
  return (await loadCatalog(env.DB, site)).get("a")!.id;
}

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  await list("°F", START);
  await list("°F", CHANGE);
  const id = await list("°C", CHANGE + HOUR);
  const samples = TIMES.map((time): Sample => [id, time, sent(time)]);
  await storeSamples(samples);
  await settle(
    samples.filter(([, time]) => time < START + DAY),
    new Map([[id, "a"]]),
  );
  await deleteHotDays(FIRST);
  await setWatermark(SITE, END);
  await rollUpHours(env.DB, await siteId(SITE), 0, () => END + DAY);
});

const ask = (more: Parameters) =>
  queryJson({ site_name: SITE, point_names: "a", start_time: START, end_time: END, tz: "UTC", ...more });

test.each([
  ["source", "°C", (value: number) => value],
  ["metric", "°C", (value: number) => value],
  ["imperial", "°F", (value: number) => (value * 9) / 5 + 32],
])("units=%s: a point that changed from °F to °C has one unit throughout", async (units, unit, convert) => {
  for (const [interval, ms] of [
    ["raw", 1],
    ["5min", 5 * MINUTE],
    ["1hr", HOUR],
    ["1day", DAY],
  ] as const) {
    const { series, metadata } = await ask({ interval, units });
    const [a] = series;
    const buckets = Map.groupBy(TIMES, (time) => Math.floor(time / ms) * ms);
    expect(a!.unit).toBe(unit);
    expect(a!.timestamps).toEqual([...buckets.keys()]);
    [...buckets.values()].forEach((own, i) => {
      const values = own.map((time) => convert(celsius(time)));
      expect(a!.values[i]).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 9);
      if (interval === "raw") return;
      expect(a!.min![i]).toBeCloseTo(Math.min(...values), 9);
      expect(a!.max![i]).toBeCloseTo(Math.max(...values), 9);
    });
    expect(metadata).toMatchObject({
      partial: false,
      completeness: 1,
      total_samples: TIMES.length,
      unit_changes: [{ point_name: "a", start: START, end: CHANGE, unit: "°F", converted: true }],
    });
  }
});

test("a range after the change is unaffected; one before it is converted", async () => {
  const after = await ask({ interval: "1hr", start_time: CHANGE + HOUR });
  expect(after.metadata.unit_changes).toEqual([]);
  const before = await ask({ interval: "1hr", end_time: START + DAY });
  expect(before.metadata.unit_changes).toMatchObject([{ start: START, end: START + DAY }]);
  expect(Math.max(...before.series[0]!.max!.map(Number))).toBeCloseTo(40, 9);
});

test("units of different quantities are not converted, but reported", async () => {
  await list("kW", END);
  const { series, metadata } = await ask({ interval: "raw" });
  expect(series[0]).toMatchObject({ unit: "kW", values: TIMES.map(sent) });
  expect(metadata.unit_changes.map(({ unit, converted }) => [unit, converted])).toEqual([
    ["°F", false],
    ["°C", false],
  ]);
});

test("a carried value and the newest value are in the present unit", async () => {
  const between = { start_time: CHANGE - 3 * MINUTE, end_time: CHANGE + HOUR, interval: "5min", fill: "locf" };
  const { series } = await ask(between);
  const last = TIMES.findLast((time) => time < CHANGE - 3 * MINUTE)!;
  expect(series[0]!.values[0]).toBeCloseTo(celsius(last), 9);
  await list("°C", END);
  await list("°F", END + HOUR);
  const latestSchema = z.object({ points: z.array(z.object({ unit: z.string(), value: z.number() })) });
  const latest = latestSchema.parse(await (await call(`/sites/${SITE}/latest`)).json());
  expect(latest.points).toEqual([{ unit: "°F", value: expect.closeTo((celsius(TIMES.at(-1)!) * 9) / 5 + 32, 9) }]);
});
