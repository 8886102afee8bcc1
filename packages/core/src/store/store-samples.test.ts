import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import {
  allSegments,
  emptyStore,
  NaiveStore,
  samplesOf,
  siteWithPoints,
  sorted,
  storeFaults,
} from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { readLatest } from "./read-latest.ts";
import { addMissingSamples, storeSamples, storeWithReadings } from "./store-samples.ts";

const DAY = 20_373 * DAY_MS;
const SITES = new Map([
  [1, [1, 2, 200]],
  [2, [256, 300]],
]);
const SYNCED_POINTS = Array.from({ length: 4_583 }, (_, i) => 1_024 + i);
const POINTS = [...SITES.values()].flat();

let db: D1Database;
/** `meta.rows_written` of all statements, and the calls that went through `metered` */
let written = 0;
let calls = 0;
let metered: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  for (const [siteId, ids] of SITES) await siteWithPoints(db, siteId, ids);
  await siteWithPoints(db, 3, SYNCED_POINTS);
  metered = interceptedDatabase(db, async (execute) => {
    const answer = await execute();
    calls++;
    if (Array.isArray(answer)) for (const { meta } of answer) written += meta.rows_written;
    return answer;
  });
});
beforeEach(clear);

async function clear(): Promise<void> {
  await emptyStore(db);
  await db.exec("UPDATE sites SET catalog_at = NULL");
  [written, calls] = [0, 0];
}

const storeOf = (siteId: number) => ({ db: metered, siteId, now: () => DAY });
const cursorTo = (siteId: number, to: number) =>
  db.prepare("UPDATE sites SET catalog_at = ?2 WHERE id = ?1").bind(siteId, to);
const cursor = (siteId: number) =>
  db.prepare("SELECT catalog_at FROM sites WHERE id = ?1").bind(siteId).first<number>("catalog_at");
const store = (siteId: number, samples: readonly Sample[], asked: number, mode: "win" | "add", cursorAt: number) =>
  (mode === "win" ? storeSamples : addMissingSamples)(storeOf(siteId), pointSamples(samples), asked, [
    cursorTo(siteId, cursorAt),
  ]);

const time = fc.constantFrom(0, 1, HOUR_MS - 1, 23 * HOUR_MS, DAY_MS - 1, DAY_MS, DAY_MS + 7).map((ms) => DAY + ms);
const value = fc.constantFrom(0, -0, 25.517500000000002, 5e-324, 1.7976931348623157e308);
const samplesOfSite = (siteId: number) =>
  fc.array(fc.tuple(fc.constantFrom(...SITES.get(siteId)!), time, value), { maxLength: 12, size: "max" });
const step = fc
  .constantFrom(1, 1, 2)
  .chain((siteId) =>
    fc.tuple(
      fc.constant(siteId),
      samplesOfSite(siteId),
      fc.constantFrom(0, 10, 20, 30),
      fc.constantFrom("win", "win", "add"),
    ),
  );

test("any history of stores equals the naive store, with exact counts", async () => {
  const seen = { inserted: 0, changed: 0, unchanged: 0, superseded: 0 };
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 1, maxLength: 6, size: "max" }), async (history) => {
        const naive = new NaiveStore();
        for (const [at, [siteId, samples, asked, mode]] of history.entries()) {
          const counts = await store(siteId, samples, asked, mode, at);
          expect(counts).toEqual(naive.store(samples, asked, mode));
          expect(await cursor(siteId)).toBe(at);
          for (const kind of ["inserted", "changed", "unchanged", "superseded"] as const) seen[kind] += counts[kind];
        }
        expect(sorted(samplesOf(await allSegments(db)))).toEqual(sorted(naive.samples));
        expect(await storeFaults(db)).toEqual([]);
        expect(await readLatest(db, POINTS)).toEqual(naive.newest());

        written = 0;
        for (const [siteId, points] of SITES) {
          const all = points.flatMap((id) => naive.series(id, 0, Infinity).map(([at, held]): Sample => [id, at, held]));
          const again = await storeSamples(storeOf(siteId), pointSamples(all), 99);
          expect(again).toEqual({ inserted: 0, changed: 0, unchanged: all.length, superseded: 0 });
        }
        expect(written).toBe(0);
      })
      .beforeEach(clear),
    { numRuns: 30 },
  );
  expect(Math.min(seen.inserted, seen.changed, seen.unchanged, seen.superseded)).toBeGreaterThan(5);
});

test("a confirmed value keeps the time of its first request", async () => {
  const sample = (held: number): Sample[] => [[1, DAY, held]];
  await store(1, sample(1), 10, "win", 0);
  await store(1, sample(1), 30, "win", 0);
  expect(await store(1, sample(2), 9, "win", 0)).toMatchObject({ superseded: 1 });
  expect(await store(1, sample(2), 20, "win", 0)).toMatchObject({ changed: 1 });
});

test("any double comes back bit for bit", async () => {
  const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
  const values = fc.sample(anyDouble, 500);
  await store(
    1,
    values.map((held, i) => [1, DAY + i, held]),
    1,
    "win",
    0,
  );
  expect([...samplesOf(await allSegments(db)).values()].map((sample) => sample.value)).toEqual(values);
});

describe("readings of the weather", () => {
  test("are stored only if no sample is stored or arrives with them", async () => {
    const three = fc.tuple(samplesOfSite(1), samplesOfSite(1), samplesOfSite(1));
    let stored = 0;
    await fc.assert(
      fc
        .asyncProperty(three, async ([before, samples, readings]) => {
          const naive = new NaiveStore();
          await store(1, before, 10, "win", 0);
          naive.store(before, 10);
          const counts = await storeWithReadings(
            storeOf(1),
            pointSamples(samples),
            { ...pointSamples([...readings, [1, DAY + 99, 5]]), length: readings.length },
            20,
            [cursorTo(1, 7)],
          );
          const counted = naive.store(samples, 20);
          const added = naive.store(readings, 0, "add").inserted;
          stored += added;
          const unchanged = counted.unchanged + readings.length - added;
          expect(counts).toEqual({ ...counted, inserted: counted.inserted + added, unchanged });
          expect(sorted(samplesOf(await allSegments(db)))).toEqual(sorted(naive.samples));
          expect(await storeFaults(db)).toEqual([]);
          expect(await cursor(1)).toBe(7);
        })
        .beforeEach(clear),
      { numRuns: 20 },
    );
    expect(stored).toBeGreaterThan(10);
  });
});

describe("rows written", () => {
  const minutes = (from: number, to: number): Sample[] =>
    Array.from({ length: to - from }, (_, minute) =>
      SYNCED_POINTS.map((id): Sample => [id, DAY + (from + minute) * 60_000, id + from + minute]),
    ).flat();

  test("a sync of 4,583 points writes at most 100 rows in two calls", async () => {
    await store(3, minutes(0, 10), 1, "win", 1);
    [written, calls] = [0, 0];
    const counts = await store(3, minutes(5, 15), 2, "win", 2);
    expect(counts).toEqual({ inserted: 5 * 4_583, changed: 0, unchanged: 5 * 4_583, superseded: 0 });
    expect(calls).toBe(2);
    // 36 segments, 36 rows of newest samples, a clock, an hour, the cursor
    expect(written).toBeGreaterThanOrEqual(36);
    expect(written).toBeLessThanOrEqual(100);
    expect(await storeFaults(db)).toEqual([]);
  });
});

describe("alongside", () => {
  const failing = () => db.prepare("INSERT INTO schema_version (version) VALUES (NULL)");

  test("fails, and its batch stores nothing", async () => {
    await store(1, [[1, DAY, 1.5]], 1, "win", 1);
    const before = await allSegments(db);
    const samples = pointSamples([
      [1, DAY, 2.5],
      [2, DAY, 1],
    ]);
    await expect(storeSamples(storeOf(1), samples, 2, [cursorTo(1, 2), failing()])).rejects.toThrow(/NOT NULL/);
    expect(await cursor(1)).toBe(1);
    expect(await allSegments(db)).toEqual(before);
  });

  test("runs without samples; without both, D1 is not called", async () => {
    const none = { inserted: 0, changed: 0, unchanged: 0, superseded: 0 };
    expect(await store(1, [], 1, "win", 5)).toEqual(none);
    expect(await cursor(1)).toBe(5);
    calls = 0;
    expect(await storeSamples(storeOf(1), pointSamples([]), 1)).toEqual(none);
    expect(calls).toBe(0);
  });

  test("runs in the last of several transactions only", async () => {
    // 32 characters a sample and 14.4 million characters a transaction make two transactions.
    const length = 455_000;
    const samples = {
      pointIds: Int32Array.from({ length }, (_, i) => SYNCED_POINTS[i % 100]!),
      times: Float64Array.from({ length }, (_, i) => DAY + 1_000 * Math.floor(i / 100)),
      values: Float64Array.from({ length }, (_, i) => i),
      length,
    };
    await expect(storeSamples(storeOf(3), samples, 1, [cursorTo(3, 1), failing()])).rejects.toThrow(/NOT NULL/);
    expect(await cursor(3)).toBeNull();
    const kept = (await allSegments(db)).reduce((sum, segment) => sum + segment.samples.length, 0);
    expect(kept).toBeGreaterThan(400_000);
    expect(kept).toBeLessThan(length);
    const counts = await storeSamples(storeOf(3), samples, 1, [cursorTo(3, 1)]);
    expect(counts).toEqual({ inserted: length - kept, changed: 0, unchanged: kept, superseded: 0 });
    expect(await cursor(3)).toBe(1);

    // Another store between the two transactions.
    await emptyStore(db);
    let commits = 0;
    const restless = interceptedDatabase(db, async (execute, statements) => {
      if (statements > 4 && commits++ === 1) await storeSamples(storeOf(3), pointSamples([[1_025, DAY + 1, 1]]), 2);
      return execute();
    });
    const into = { db: restless, siteId: 3, now: () => DAY };
    const exact = { inserted: length, changed: 0, unchanged: 0, superseded: 0 };
    expect(await storeSamples(into, samples, 1)).toEqual(exact);
    expect(commits).toBe(3);
  });
});

test("a sample of a day beyond the range of keys is refused", async () => {
  await expect(
    store(
      1,
      [
        [1, DAY, 1],
        [1, -1, 1],
      ],
      1,
      "win",
      1,
    ),
  ).rejects.toThrow(/samples of day -1 are out of range/);
  expect(await allSegments(db)).toEqual([]);
});
