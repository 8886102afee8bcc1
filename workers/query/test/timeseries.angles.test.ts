import { env } from "cloudflare:workers";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { settle, clearCold, deleteHotDays } from "./settle-days.ts";
import { DAY, HOUR, MINUTE } from "./naive.ts";
import {
  clear,
  migrate,
  point,
  queryJson,
  type Sample,
  setWatermark,
  SITE,
  siteId,
  storePoints,
  storeSamples,
} from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
});

/** A settled day and a hot day with hourly aggregates; a sample every ten minutes. */
async function store(values: Record<string, { unit: string; valueAt: (i: number) => number }>) {
  const names = Object.keys(values);
  const ids = await storePoints(
    SITE,
    names.map((name) => point(name, { unit: values[name]!.unit, intervalS: 600 })),
  );
  const samples = ids.flatMap((id, p) =>
    Array.from({ length: 288 }, (_, i): Sample => [id, FIRST * DAY + i * 10 * MINUTE, values[names[p]!]!.valueAt(i)]),
  );
  await storeSamples(samples);
  await settle(
    samples.filter(([, at]) => at < (FIRST + 1) * DAY),
    new Map(ids.map((id, i) => [id, names[i]!])),
  );
  await deleteHotDays(FIRST);
  await setWatermark(SITE, (FIRST + 2) * DAY);
  await rollUpHours(env.DB, await siteId(SITE), 0, () => (FIRST + 3) * DAY);
}

const ask = (names: string, interval: string, more: Record<string, string> = {}) =>
  queryJson({
    site_name: SITE,
    point_names: names,
    start_time: FIRST * DAY,
    end_time: (FIRST + 2) * DAY,
    interval,
    tz: "UTC",
    ...more,
  });

const north = (i: number) => (i % 2 === 0 ? 350 : 10);
/** Degrees from north. */
const offNorth = (value: number | null) => Math.abs(((value! + 180) % 360) - 180);

test.each([
  ["1hr", 48, 6],
  ["1day", 2, 144],
])("%s: 350° and 10° average to north, settled and hot", async (interval, size, count) => {
  const temp = { unit: "°C", valueAt: (i: number) => i % 6 };
  await store({ a: temp, b: { unit: "°", valueAt: north }, c: temp });
  const { series, metadata } = await ask("c,b,a", interval);
  const [c, b, a] = series;
  expect(b!.values).toHaveLength(size);
  for (const value of b!.values) expect(offNorth(value)).toBeLessThan(1e-9);
  expect([b!.min, b!.max, b!.count]).toEqual([Array(size).fill(10), Array(size).fill(350), Array(size).fill(count)]);
  // The other points still use hourly aggregates.
  for (const one of [a!, c!]) expect(one.values).toEqual(Array(size).fill(2.5));
  expect(metadata).toMatchObject({ computed_from: "hours", total_samples: 3 * 288, completeness: 1, partial: false });
});

test("1min and 5min buckets average angles on the circle", async () => {
  await store({ b: { unit: "°", valueAt: () => 0 } });
  const [id] = [...(await env.DB.prepare("SELECT id FROM points").all<{ id: number }>()).results];
  const at = (FIRST + 1) * DAY + HOUR;
  await storeSamples([
    [id!.id, at, 350],
    [id!.id, at + 1_000, 20],
  ]);
  for (const interval of ["1min", "5min"]) {
    const { series } = await ask("b", interval, { start_time: String(at), end_time: String(at + 5 * MINUTE) });
    expect(series[0]!.values[0]).toBeCloseTo(5, 9);
  }
});

test("opposite directions have no mean, but a minimum, maximum and count", async () => {
  await store({ b: { unit: "°", valueAt: (i) => (i % 2) * 180 } });
  const { series } = await ask("b", "1day");
  expect(series[0]).toMatchObject({ values: [null, null], min: [0, 0], max: [180, 180], count: [144, 144] });
});

test("linear fill of angles takes the shorter arc", async () => {
  await store({ b: { unit: "°", valueAt: (i) => (i < 144 ? 350 : 10) } });
  await env.DB.exec("DELETE FROM segments; DELETE FROM hot_hours");
  const [id] = [...(await env.DB.prepare("SELECT id FROM points").all<{ id: number }>()).results];
  await storeSamples([[id!.id, (FIRST + 1) * DAY + 3 * HOUR, 30]]);
  const { series } = await ask("b", "1hr", { fill: "linear" });
  expect(series[0]!.values.slice(23, 28)).toEqual([350, 0, 10, 20, 30].map((value) => expect.closeTo(value, 9)));
});
