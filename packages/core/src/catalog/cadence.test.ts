import { beforeAll, expect, test, vi } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { described, newPoints, newSite, pointSamples } from "../../test/points.ts";
import { upsertSamples } from "../../test/store.ts";
import { blockDayKey } from "../rollups/block-day-key.ts";
import { rollUpHours } from "../day-build/roll-up-hours.ts";
import { dayOf } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { keptCadenceS, measureCadences, medianCadenceS } from "./cadence.ts";
import { addDiscoveredPoints, loadCatalog } from "./catalog.ts";
import { replaceCatalog } from "./replace-catalog.ts";
import { findPoints } from "./point-list.ts";

test.each<[number[], number | null]>([
  [[], null],
  [[0, 60, 120], null],
  [[0, 60, 120, 180], 60],
  // one gap and one late sample do not change it
  [[0, 60, 120, 3_600, 3_660], 60],
  [[0, 60, 61, 120, 180], 60],
  // an even number of intervals: the mean of the two in the middle
  [[0, 30, 60, 120, 180], 45],
  // jitter of scrapes
  [[0, 60.4, 119.8, 180.2], 60],
  [[0, 0.1, 0.2, 0.3], 1],
])("samples at %j s have a cadence of %j s", (seconds, cadence) => {
  expect(medianCadenceS(Float64Array.from(seconds, (s) => s * 1000))).toBe(cadence);
});

const hours = (...counts: number[]) => Array.from({ length: 30 }, (_, i) => counts[i % counts.length]!);

test.each<[string, number | null, number[], number | null]>([
  ["kept in each hour", 60, hours(60), 60],
  ["kept, with jitter", 60, hours(60, 59, 61, 55), 60],
  ["busy hours, one in five with two samples", 20, hours(180, 180, 180, 180, 2), 1800],
  ["silent in one hour of five: sends changes only", 20, hours(60, 60, 60, 60, 0), null],
  ["silent in one hour of thirty", 60, [0, ...hours(60).slice(1)], 60],
  ["a burst in two hours of thirty", 20, [180, 180, ...hours(0).slice(2)], null],
  ["no median", null, hours(1), null],
])("%s", (_, medianS, counts, cadence) => {
  expect(keptCadenceS(medianS, counts)).toBe(cadence);
});

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("measures points without a configured cadence from their last two days", async () => {
  const siteId = await newSite(db, "ses_cadence");
  const names = ["minutely", "half-hourly", "silent", "configured", "valve", "steady valve", "new"];
  const points = names.map((name) => described(name, { intervalS: name === "configured" ? 300 : null }));
  await replaceCatalog(db, siteId, new Map(), points, 1);
  await addDiscoveredPoints(db, siteId, ["unlisted"]);
  const catalog = await loadCatalog(db, siteId);
  const idOf = (name: string) => catalog.get(name)!.id;
  const start = 988 * HOUR_MS;
  const end = 1_000 * HOUR_MS;
  const now = end + 20 * 60_000;
  const every = (name: string, seconds: number, from = start, until = end) => {
    const rows: [number, number, number][] = [];
    for (let time = from; time < until; time += seconds * 1000) rows.push([idOf(name), time, 1]);
    return rows;
  };
  const burst = (name: string) => every(name, 20, end - HOUR_MS, end - HOUR_MS / 2);
  await storeAndRollUp(siteId, now, [
    ...every("minutely", 60),
    ...every("half-hourly", 1_800),
    ...every("configured", 60),
    ...every("unlisted", 60),
    ...every("silent", 60, start, end - 3 * HOUR_MS),
    // changes only; a burst of them would look like a cadence of 20 s
    ...every("valve", 5 * 3600),
    ...burst("valve"),
    // changes, and a value each quarter of an hour
    ...every("steady valve", 900),
    ...burst("steady valve"),
    ...every("new", 60, end - 4 * HOUR_MS),
  ]);
  const cadences = async () => {
    const found = await findPoints(db, "ses_cadence", [...names, "unlisted"]);
    return Object.fromEntries([...found.values()].map(({ name, intervalS }) => [name, intervalS]));
  };
  expect(await measureCadences(db, siteId, now)).toBe(3);
  expect(await measureCadences(db, siteId, now)).toBe(0);
  const measured = {
    minutely: 60,
    "half-hourly": 1_800,
    silent: null,
    configured: 300,
    valve: null,
    "steady valve": 900,
    new: null,
    unlisted: null,
  };
  expect(await cadences()).toEqual(measured);

  // Both fall silent. The one with an open gap keeps its cadence, so that the end of its gap is found.
  const later = now + 10 * HOUR_MS;
  const insert = `INSERT INTO gaps (site_id, start, point_id, end, state, cause, detected_at, next_attempt_at)
    VALUES (?1, ?2, ?3, NULL, 'open', 'point_silent', 0, 0)`;
  await db.prepare(insert).bind(siteId, end, idOf("minutely")).run();
  await storeAndRollUp(siteId, later, every("configured", 60, end, end + 10 * HOUR_MS));
  expect(await measureCadences(db, siteId, later)).toBe(2);
  expect(await cadences()).toEqual({ ...measured, "half-hourly": null, "steady valve": null });
});

async function storeAndRollUp(siteId: number, now: number, rows: readonly [number, number, number][]): Promise<void> {
  await upsertSamples(db, pointSamples(rows));
  for (const [id, rowsOfPoint] of Map.groupBy(rows, ([pointId]) => pointId)) {
    const first = Math.min(...rowsOfPoint.map(([, time]) => time));
    const update = "UPDATE points SET first_seen = min(coalesce(first_seen, ?2), ?2) WHERE id = ?1";
    await db.prepare(update).bind(id, first).run();
  }
  await rollUpHours(db, siteId, 0, () => now);
}

test.each(["places = x'ff'", "hours = zeroblob(length(hours))"])(
  "a damaged row of aggregates (%s) leaves only its own points unmeasured",
  async (damage) => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    const site = `ses_damaged ${damage}`;
    const siteId = await newSite(db, site);
    const names = Array.from({ length: 40 }, (_, i) => `${site}/${i}`);
    const ids = await newPoints(db, siteId, names);
    const end = 1_000 * HOUR_MS;
    const times = Array.from({ length: 8 * 60 }, (_, i) => end - (i + 1) * 60_000).toReversed();
    await storeAndRollUp(
      siteId,
      end + 20 * 60_000,
      ids.flatMap((id) => times.map((time): [number, number, number] => [id, time, 1])),
    );
    const key = blockDayKey(ids[20]!, dayOf(end - 1));
    await db.exec(`UPDATE block_days SET ${damage} WHERE key = ${key}`);
    const isHurt = (id: number) => blockDayKey(id, dayOf(end - 1)) === key;
    expect(await measureCadences(db, siteId, end)).toBe(ids.filter((id) => !isHurt(id)).length);
    const found = await findPoints(db, site, names);
    for (const { id, intervalS } of found.values()) expect(intervalS).toBe(isHurt(id) ? null : 60);
    expect(ids.filter(isHurt).length).toBeGreaterThan(0);
    expect(errors).toHaveBeenCalledTimes(1);
    errors.mockRestore();
  },
);

test("a site without such points is not measured", async () => {
  const siteId = await newSite(db, "ses_cadence_none");
  expect(await measureCadences(db, siteId, 0)).toBe(0);
});
