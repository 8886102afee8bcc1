import fc from "fast-check";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { readLatest } from "./latest.ts";
import { upsertSamples } from "./upsert.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(clear);

async function clear(): Promise<void> {
  await db.exec("DELETE FROM sample_hours");
}

test("an empty table has no latest samples, nor has an empty list of points", async () => {
  expect(await readLatest(db, [1, 2])).toEqual(new Map());
  await upsertSamples(db, pointSamples([[1, 5, 1]]));
  expect(await readLatest(db, [])).toEqual(new Map());
});

test("a live point, a point silent for days, and one that never spoke", async () => {
  const days = 72 * HOUR_MS;
  const hourly = Array.from({ length: 73 }, (_, i): Sample => [1, i * HOUR_MS + 30_000, i]);
  await upsertSamples(db, pointSamples([...hourly, [2, 0, 5], [2, 59_999, -0], [3, days - 1, 1e21]]));
  expect(await readLatest(db, [3, 2, 1, 4])).toEqual(
    new Map([
      [1, { pointId: 1, time: days + 30_000, value: 72 }],
      [2, { pointId: 2, time: 59_999, value: -0 }],
      [3, { pointId: 3, time: days - 1, value: 1e21 }],
    ]),
  );
  expect(await readLatest(db, [4])).toEqual(new Map());
});

test("a late sample, appended to its row after newer ones, is not the latest", async () => {
  await upsertSamples(db, pointSamples([[1, 900_000, 2]]));
  await upsertSamples(db, pointSamples([[1, 5_000, 1]]));
  expect((await readLatest(db, [1])).get(1)).toEqual({ pointId: 1, time: 900_000, value: 2 });
});

test("equals the newest of all stored samples", async () => {
  const time = fc
    .tuple(fc.constantFrom(-3, 0, 1, 40), fc.constantFrom(0, 9, 10, 99_999, 100_000, HOUR_MS - 1))
    .map(([hour, offset]) => hour * HOUR_MS + offset);
  const sample = fc.tuple(fc.integer({ min: 1, max: 4 }), time, fc.double({ noNaN: true, noDefaultInfinity: true }));
  const batches = fc.array(fc.array(sample, { maxLength: 8, size: "max" }), { minLength: 1, maxLength: 4 });
  let found = 0;
  await fc.assert(
    fc
      .asyncProperty(batches, async (history) => {
        const newest = new Map<number, { pointId: number; time: number; value: number }>();
        for (const samples of history) {
          await upsertSamples(db, pointSamples(samples));
          for (const [pointId, at, value] of samples) {
            if (at >= (newest.get(pointId)?.time ?? -Infinity)) newest.set(pointId, { pointId, time: at, value });
          }
        }
        expect(await readLatest(db, [1, 2, 3, 4, 5])).toEqual(newest);
        found += newest.size;
      })
      .beforeEach(clear),
    { numRuns: 50 },
  );
  expect(found).toBeGreaterThan(50);
});

test("a live point costs a few rows however much is stored, a silent one a few a stored hour since", async () => {
  const all = Array.from({ length: 50 * 48 }, (_, i): Sample => [1 + (i % 50), HOUR_MS * Math.floor(i / 50), i]);
  await upsertSamples(db, pointSamples([...all, [99, 0, 1]]));
  let rowsRead = 0;
  const metered = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (_, key) => {
        if (key === "bind") return (...values: unknown[]) => metered(statement.bind(...values));
        if (key !== "all") throw new Error(`not metered: ${String(key)}`);
        return async () => {
          const result = await statement.all();
          rowsRead += result.meta.rows_read;
          return result;
        };
      },
    });
  const meteredDb: D1Database = {
    prepare: (query) => metered(db.prepare(query)),
    batch: (statements) => db.batch(statements),
    exec: (query) => db.exec(query),
    withSession: (constraint) => db.withSession(constraint),
    dump: () => Promise.reject(new Error("not used")),
  };

  expect((await readLatest(meteredDb, [7])).get(7)?.time).toBe(47 * HOUR_MS);
  const live = rowsRead;
  rowsRead = 0;
  expect((await readLatest(meteredDb, [99])).get(99)?.time).toBe(0);
  const silent = rowsRead;
  expect(live).toBeGreaterThan(0);
  expect(live).toBeLessThan(10);
  expect(silent).toBeLessThan(48 * 3 + 10);
});
