import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite } from "../../test/points.ts";
import type { PointDescription } from "../domain/point.ts";
import { loadCatalog } from "./catalog.ts";
import { meaningIn, meaningsOf, PAST_MEANINGS, parseMeanings } from "./past-meanings.ts";
import { replaceCatalog } from "./replace-catalog.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

let sites = 0;
/** The past meanings of point `a` after these lists, each with its time. */
async function pastAfter(...lists: readonly (readonly [number, Partial<PointDescription>])[]) {
  const siteId = await newSite(db, `ses_meanings_${sites++}`);
  for (const [at, changes] of lists) {
    await replaceCatalog(db, siteId, await loadCatalog(db, siteId), [described("a", changes)], at);
  }
  const row = await db.prepare(`SELECT ${PAST_MEANINGS} AS past FROM points p WHERE site_id = ?1`).bind(siteId).first();
  return parseMeanings(z.object({ past: z.string() }).parse(row).past);
}

test("the old unit stays for samples before the last list without the change", async () => {
  const past = await pastAfter([1_000, { unit: "°F" }], [2_000, { unit: "°F" }], [3_000, { unit: "°C" }]);
  expect(past).toEqual([{ until: 2_000, unit: "°F", intervalS: null }]);
});

test("a change time from the API is used if it lies between the lists", async () => {
  const changed = (updatedAt: number) =>
    pastAfter([1_000, { unit: "°F" }], [2_000, { unit: "°C", updatedAt }]).then(([meaning]) => meaning?.until);
  expect(await changed(1_500)).toBe(1_500);
  expect(await changed(500)).toBe(1_000);
  expect(await changed(9_000)).toBe(2_000);
});

test("a new interpretation of the same spelling is no change", async () => {
  const spelled = { unitRaw: "degrees-fahrenheit" };
  expect(await pastAfter([1_000, { unit: "degF", ...spelled }], [2_000, { unit: "°F", ...spelled }])).toEqual([]);
  const other = await pastAfter([1_000, { unit: "°F", ...spelled }], [2_000, { unit: "°C", unitRaw: "celsius" }]);
  expect(other).toEqual([{ until: 1_000, unit: "°F", intervalS: null }]);
});

test("a meaning that was unknown before holds for all earlier samples", async () => {
  expect(await pastAfter([1_000, {}], [2_000, { unit: "°F", intervalS: 60 }])).toEqual([]);
});

test("a unit or cadence that disappears is a change, and so is its return", async () => {
  const lists = [{ unit: "°F", intervalS: 60 }, { unit: "°F", intervalS: 300 }, { intervalS: 300 }, { unit: "°F" }];
  expect(await pastAfter(...lists.map((list, i) => [(i + 1) * 1_000, list] as const))).toEqual([
    { until: 1_000, unit: "°F", intervalS: 60 },
    { until: 2_000, unit: "°F", intervalS: 300 },
    { until: 3_000, unit: null, intervalS: 300 },
  ]);
});

test("the meanings of a point cover all time without a hole", () => {
  const now = { unit: "°C", intervalS: 60, intervalSource: "measured" } as const;
  expect(meaningsOf({ ...now, past: [] })).toEqual([{ ...now, range: { start: -Infinity, end: Infinity } }]);
  const past = [
    { until: 10, unit: "°F", intervalS: 300 },
    { until: 20, unit: null, intervalS: null },
  ];
  expect(meaningsOf({ ...now, past })).toEqual([
    { range: { start: -Infinity, end: 10 }, unit: "°F", intervalS: 300, intervalSource: "configured" },
    { range: { start: 10, end: 20 }, unit: null, intervalS: null, intervalSource: null },
    { ...now, range: { start: 20, end: Infinity } },
  ]);
});

test("a day with a unit change has no unit, and the longest-held cadence", () => {
  const now = { unit: "°C", intervalS: 60, intervalSource: "configured" } as const;
  const point = { ...now, past: [{ until: 10, unit: "°F", intervalS: 300 }] };
  const before = { unit: "°F", intervalS: 300, intervalSource: "configured" };
  expect(meaningIn(point, { start: 0, end: 10 })).toEqual(before);
  expect(meaningIn(point, { start: 10, end: 20 })).toEqual(now);
  expect(meaningIn(point, { start: 0, end: 15 })).toEqual({ ...before, unit: null });
  expect(meaningIn(point, { start: 5, end: 20 })).toEqual({ ...now, unit: null });
  // a cadence that was not configured was measured
  const measured = { ...point, past: [{ until: 10, unit: "°C", intervalS: null }] };
  expect(meaningIn(measured, { start: 0, end: 10 })).toEqual(now);
});
