import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newSite, pointSamples } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { upsertSamples } from "../hot/upsert.ts";
import { measureCadences, medianCadenceS } from "./cadence.ts";
import { addDiscoveredPoints, loadCatalog } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";
import { findPoints } from "./point-list.ts";

test.each<[number[], number | null]>([
  [[], null],
  [[0, 60, 120], null],
  [[0, 60, 120, 180], 60],
  // a gap and a late sample do not stretch it
  [[0, 60, 120, 3_600, 3_660], 60],
  [[0, 60, 61, 120, 180], 60],
  // an even number of steps: between the two in the middle
  [[0, 30, 60, 120, 180], 45],
  // jitter of scrapes
  [[0, 60.4, 119.8, 180.2], 60],
  [[0, 0.1, 0.2, 0.3], 1],
])("samples at %j s have a cadence of %j s", (seconds, cadence) => {
  expect(medianCadenceS(Float64Array.from(seconds, (s) => s * 1000))).toBe(cadence);
});

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("measures points without a configured cadence, from the two last closed hours", async () => {
  const siteId = await newSite(db, "ses_cadence");
  const names = ["minutely", "half-hourly", "silent", "configured", "changing"];
  const points = names.map((name) => described(name, { intervalS: name === "configured" ? 300 : null }));
  await replaceCatalog(db, siteId, new Map(), points, 1);
  await addDiscoveredPoints(db, siteId, ["unlisted"]);
  const now = 1_000 * HOUR_MS + 20 * 60_000;
  const closed = 998 * HOUR_MS;
  const catalog = await loadCatalog(db, siteId);
  const every = (name: string, seconds: number, from = closed, until = now) => {
    const rows: [number, number, number][] = [];
    for (let time = from; time < until; time += seconds * 1000) rows.push([catalog.get(name)!.id, time, 1]);
    return rows;
  };
  await upsertSamples(
    db,
    pointSamples([
      ...every("minutely", 60),
      ...every("half-hourly", 1_800),
      ...every("configured", 60),
      ...every("unlisted", 60),
      // too old, and too new
      ...every("silent", 60, closed - HOUR_MS, closed),
      ...every("silent", 60, now - 20 * 60_000),
      ...every("changing", 600),
    ]),
  );
  expect(await measureCadences(db, siteId, now)).toBe(3);
  expect(await measureCadences(db, siteId, now)).toBe(0);
  const measured = [...(await findPoints(db, "ses_cadence", [...names, "unlisted"])).values()].map((p) => [
    p.name,
    p.intervalS,
  ]);
  expect(Object.fromEntries(measured)).toEqual({
    minutely: 60,
    "half-hourly": 1_800,
    silent: null,
    configured: 300,
    changing: 600,
    unlisted: null,
  });
  // what was measured is measured again, and the silent one has spoken meanwhile
  const later = now + 2 * HOUR_MS;
  await upsertSamples(db, pointSamples(every("changing", 120, 1_000 * HOUR_MS, later)));
  expect(await measureCadences(db, siteId, later)).toBe(2);
  const again = await findPoints(db, "ses_cadence", ["changing", "silent"]);
  expect([again.get("changing")?.intervalS, again.get("silent")?.intervalS]).toEqual([120, 60]);
});

test("a site without such points is not measured", async () => {
  const siteId = await newSite(db, "ses_cadence_none");
  expect(await measureCadences(db, siteId, 0)).toBe(0);
});
