import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { parseStoredHours, storedHours } from "./stored-hours.ts";
import { upsertSamples } from "./upsert.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("the hours of a range that hold a sample of any point, ascending, each once", async () => {
  const time = fc.integer({ min: 0, max: 50 * HOUR_MS });
  const samples = fc.array(fc.tuple(fc.constantFrom(1, 500, 1_048_575), time), { maxLength: 15 });
  await fc.assert(
    fc.asyncProperty(samples, fc.tuple(time, time), async (rows, [a, b]) => {
      await db.exec("DELETE FROM sample_hours");
      await upsertSamples(db, pointSamples(rows.map(([id, at]) => [id, at, 1])));
      const range = { start: Math.min(a, b), end: Math.max(a, b) + 1 };
      const { results } = await storedHours(db, range).all();
      const hours = [...new Set(rows.map(([, at]) => Math.floor(at / HOUR_MS) * HOUR_MS))].sort((x, y) => x - y);
      expect(parseStoredHours(results)).toEqual(
        hours.filter((hour) => hour + HOUR_MS > range.start && hour < range.end),
      );
    }),
    { numRuns: 60 },
  );
});

test("it costs a look-up an hour, not a row a point", async () => {
  await db.exec("DELETE FROM sample_hours");
  const ids = Array.from({ length: 200 }, (_, i) => i + 1);
  await upsertSamples(
    db,
    pointSamples(ids.flatMap((id) => [0, 1, 9_000].map((hour) => [id, hour * HOUR_MS, 1] as const))),
  );
  const { results, meta } = await storedHours(db, { start: 0, end: 10_000 * HOUR_MS }).all();
  expect(parseStoredHours(results)).toEqual([0, HOUR_MS, 9_000 * HOUR_MS]);
  expect(meta.rows_read).toBeLessThan(20);
});
