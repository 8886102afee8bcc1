import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { readSeries } from "./read.ts";
import { type UpsertCounts, upsertSamples } from "./upsert.ts";

/** What the hot level should hold: point -> time -> value. */
type Oracle = Map<number, Map<number, number>>;

/** Applies a batch to the oracle. Repeats within the batch fall out first, then its rest meets what is stored. */
function apply(oracle: Oracle, batch: readonly Sample[]): UpsertCounts {
  const counts = { inserted: 0, changed: 0, unchanged: 0, superseded: 0 };
  const fresh: Oracle = new Map();
  const count = (earlier: number | undefined, value: number) => {
    if (earlier === undefined) return "inserted";
    return Object.is(earlier, value) ? "unchanged" : "changed";
  };
  for (const [pointId, time, value] of batch) {
    const times = fresh.get(pointId) ?? new Map<number, number>();
    fresh.set(pointId, times);
    const earlier = times.get(time);
    if (earlier !== undefined) counts[Object.is(earlier, value) ? "unchanged" : "superseded"]++;
    times.set(time, value);
  }
  for (const [pointId, times] of fresh) {
    const held = oracle.get(pointId) ?? new Map<number, number>();
    oracle.set(pointId, held);
    for (const [time, value] of times) {
      counts[count(held.get(time), value)]++;
      held.set(time, value);
    }
  }
  return counts;
}

let db: D1Database;
/** `meta.rows_written` of every statement that went through `metered`. */
let written: number[] = [];
let metered: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  metered = {
    prepare: (query) => db.prepare(query),
    batch: async <T>(statements: D1PreparedStatement[]) => {
      const results = await db.batch<T>(statements);
      written.push(...results.map((result) => result.meta.rows_written));
      return results;
    },
    exec: (query) => db.exec(query),
    withSession: (constraint) => db.withSession(constraint),
    dump: () => Promise.reject(new Error("not used")),
  };
});
beforeEach(clear);

async function clear(): Promise<void> {
  await db.exec("DELETE FROM sample_hours; DELETE FROM points; DELETE FROM sites");
  written = [];
}

const totalWritten = () => written.reduce((sum, n) => sum + n, 0);
const POINTS = [1, 2, 70_000];
const RANGE = { start: -HOUR_MS, end: 3 * HOUR_MS };

/** All that is stored of POINTS, as the oracle has it. */
async function stored(): Promise<Oracle> {
  const series = await readSeries(db, POINTS, RANGE);
  const held = [...series].filter(([, { times }]) => times.length > 0);
  return new Map(held.map(([id, { times, values }]) => [id, new Map([...times].map((time, i) => [time, values[i]!]))]));
}

const time = fc.constantFrom(-1, 0, 1, HOUR_MS - 1, 2 * HOUR_MS + 900_000);
const value = fc.constantFrom(0, -0, 25.517500000000002, 5e-324, 1.7976931348623157e308);
const batch = fc.array(fc.tuple(fc.constantFrom(...POINTS), time, value), { maxLength: 12, size: "max" });
const history = fc.array(batch, { minLength: 1, maxLength: 6, size: "max" });

describe("a history of upserts", () => {
  test("counts each sample exactly, holds what the oracle holds, and writes nothing when run again", async () => {
    const seen = { inserted: 0, changed: 0, unchanged: 0 };
    await fc.assert(
      fc
        .asyncProperty(history, async (batches) => {
          const oracle: Oracle = new Map();
          for (const samples of batches) {
            const counts = await upsertSamples(metered, pointSamples(samples));
            expect(counts).toEqual(apply(oracle, samples));
            seen.inserted += counts.inserted;
            seen.changed += counts.changed;
            seen.unchanged += counts.unchanged;
          }
          expect(await stored()).toEqual(oracle);

          const all = [...oracle].flatMap(([id, times]) => [...times].map(([at, v]): Sample => [id, at, v]));
          written = [];
          const again = await upsertSamples(metered, pointSamples(all));
          expect(again).toEqual({ inserted: 0, changed: 0, unchanged: all.length, superseded: 0 });
          expect(totalWritten()).toBe(0);
        })
        .beforeEach(clear),
      { numRuns: 60 },
    );
    // Each kind of outcome was met often.
    expect(Math.min(seen.inserted, seen.changed, seen.unchanged)).toBeGreaterThan(30);
  });

  test("without conflicting values, ends the same in any order of its batches", async () => {
    // One value a (point, time), whichever batch brings it.
    const agreed = (batches: Sample[][]) =>
      batches.map((samples) => samples.map(([id, at]): Sample => [id, at, (id + at) / 7]));
    const twoOrders = history
      .map(agreed)
      .chain((batches) =>
        fc.tuple(
          fc.constant(batches),
          fc.shuffledSubarray(batches, { minLength: batches.length, maxLength: batches.length }),
        ),
      );
    await fc.assert(
      fc
        .asyncProperty(twoOrders, async (orders) => {
          const ends: Oracle[] = [];
          for (const batches of orders) {
            await clear();
            let inserted = 0;
            for (const samples of batches) inserted += (await upsertSamples(db, pointSamples(samples))).inserted;
            const end = await stored();
            expect(inserted).toBe([...end.values()].reduce((sum, times) => sum + times.size, 0));
            ends.push(end);
          }
          expect(ends[1]).toEqual(ends[0]);
        })
        .beforeEach(clear),
      { numRuns: 30 },
    );
  });

  test("brings any double back bit for bit, merged one after the other into one row", async () => {
    const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc
        .asyncProperty(fc.array(anyDouble, { minLength: 2, maxLength: 6 }), async (values) => {
          for (const [i, v] of values.entries()) await upsertSamples(db, pointSamples([[1, values.length - i, v]]));
          const series = (await readSeries(db, [1], RANGE)).get(1);
          expect([...(series?.values ?? [])]).toEqual(values.toReversed());
        })
        .beforeEach(clear),
      { numRuns: 40 },
    );
  });
});

describe("rows written", () => {
  test("at most one a point when the new samples lie in one hour", async () => {
    const minute = (n: number, from: number) =>
      Array.from({ length: n }, (_, i): Sample => [1 + (i % 20), from + 60_000 * Math.floor(i / 20), i / 3]);
    await upsertSamples(metered, pointSamples(minute(100, 0)));
    expect(totalWritten()).toBe(20);
    written = [];
    // five minutes on: 60 new samples and 40 that are there already
    await upsertSamples(metered, pointSamples([...minute(40, 0), ...minute(60, 300_000)]));
    expect(totalWritten()).toBe(20);
    written = [];
    // one new sample among 100 old ones
    await upsertSamples(metered, pointSamples([...minute(100, 0), [3, 1_800_000, 1]]));
    expect(totalWritten()).toBe(1);
  });
});

describe("alongside", () => {
  const mark = () => db.prepare("INSERT OR REPLACE INTO sites (id, name) VALUES (1, 'ses_falls_city')");
  const failing = () => db.prepare("INSERT INTO schema_version (version) VALUES (NULL)");
  const marked = async () => (await db.prepare("SELECT count(*) AS n FROM sites").first<number>("n")) === 1;

  test("is committed with the samples", async () => {
    await upsertSamples(db, pointSamples([[1, 5, 1.5]]), [mark()]);
    expect(await marked()).toBe(true);
    expect(await stored()).toEqual(new Map([[1, new Map([[5, 1.5]])]]));
  });

  test("fails, and nothing of its batch is stored", async () => {
    await upsertSamples(db, pointSamples([[1, 5, 1.5]]));
    const attempt = upsertSamples(
      db,
      pointSamples([
        [1, 5, 2.5],
        [2, 6, 1],
      ]),
      [mark(), failing()],
    );
    await expect(attempt).rejects.toThrow(/NOT NULL constraint failed/);
    expect(await marked()).toBe(false);
    expect(await stored()).toEqual(new Map([[1, new Map([[5, 1.5]])]]));
  });

  test("runs when there are no samples; nothing at all asks D1 nothing", async () => {
    const none = { inserted: 0, changed: 0, unchanged: 0, superseded: 0 };
    expect(await upsertSamples(metered, pointSamples([]), [mark()])).toEqual(none);
    expect(await marked()).toBe(true);
    written = [];
    expect(await upsertSamples(metered, pointSamples([]))).toEqual(none);
    expect(written).toEqual([]);
  });
});
