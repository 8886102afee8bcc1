import fc from "fast-check";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { emptyStore, NaiveStore, siteWithPoints } from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { forgetLatest } from "./forget-latest.ts";
import { readLatest } from "./read-latest.ts";
import { storeSamples } from "./store-samples.ts";

const DAY = 20_373 * DAY_MS;
const POINTS = [1, 2, 127, 128, 300];
const BUSY = Array.from({ length: 1_000 }, (_, i) => 1_024 + i);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await siteWithPoints(db, 1, POINTS);
  await siteWithPoints(db, 2, BUSY);
});
beforeEach(() => emptyStore(db));

const store = (siteId: number, samples: readonly Sample[], asked: number) =>
  storeSamples({ db, siteId, now: () => DAY }, pointSamples(samples), asked);

const meteredSchema = z.object({ meta: z.object({ rows_read: z.int() }) });

test("an empty table and an empty list have no newest samples", async () => {
  expect(await readLatest(db, [1, 2])).toEqual(new Map());
  await store(1, [[1, DAY, 1]], 1);
  expect(await readLatest(db, [])).toEqual(new Map());
});

test("each point has its own newest sample, bit for bit", async () => {
  await store(
    1,
    [
      [1, DAY + 30_000, 72],
      [2, DAY, 5],
      [2, DAY + 59_999, -0],
      [128, DAY + DAY_MS, 1e21],
    ],
    7,
  );
  await store(1, [[1, DAY + 5_000, 1]], 8);
  expect(await readLatest(db, [128, 2, 1, 300, 9_999])).toEqual(
    new Map([
      [128, { pointId: 128, time: DAY + DAY_MS, value: 1e21, asked: 7 }],
      [2, { pointId: 2, time: DAY + 59_999, value: -0, asked: 7 }],
      [1, { pointId: 1, time: DAY + 30_000, value: 72, asked: 7 }],
    ]),
  );
});

test("newest samples of 1,000 points cost one row per block", async () => {
  await store(
    2,
    BUSY.map((id): Sample => [id, DAY, id]),
    1,
  );
  let rowsRead = 0;
  const metered = interceptedDatabase(db, async (execute) => {
    const answer = await execute();
    rowsRead += meteredSchema.parse(answer).meta.rows_read;
    return answer;
  });
  expect((await readLatest(metered, BUSY)).size).toBe(1_000);
  expect(rowsRead).toBeGreaterThanOrEqual(8);
  expect(rowsRead).toBeLessThanOrEqual(24);
});

test("after a deletion, the newest samples left are found", async () => {
  const time = fc.constantFrom(0, 1, HOUR_MS, DAY_MS, DAY_MS + 7).map((ms) => DAY + ms);
  const sample = fc.tuple(fc.constantFrom(...POINTS), time, fc.constantFrom(1, -0, 5e-324));
  const batch = fc.tuple(fc.array(sample, { maxLength: 8, size: "max" }), fc.constantFrom(0, 10, 20));
  const history = fc.array(batch, { minLength: 1, maxLength: 4 });
  let forgotten = 0;
  await fc.assert(
    fc
      .asyncProperty(history, fc.constantFrom(0, 1), fc.constantFrom(...POINTS), async (batches, day, pointId) => {
        const naive = new NaiveStore();
        for (const [samples, asked] of batches) {
          await store(1, samples, asked);
          naive.store(samples, asked);
        }
        const lost = DAY + day * DAY_MS;
        await db.batch([
          db.prepare("DELETE FROM segments WHERE (key >> 24) & 65535 = ?1").bind(lost / DAY_MS),
          db.prepare("DELETE FROM hot_hours WHERE hour >= ?1 AND hour < ?2").bind(lost, lost + DAY_MS),
          db.prepare(`UPDATE segments SET body = jsonb_remove(body, '$."${pointId}"')`),
        ]);
        const isGone = (id: number, at: number) => id === pointId || (at >= lost && at < lost + DAY_MS);
        const before = naive.newest().size;
        for (const key of naive.samples.keys()) {
          const [id = 0, at = 0] = key.split(" ").map(Number);
          if (isGone(id, at)) naive.samples.delete(key);
        }
        await forgetLatest(db, 1, ({ pointId: id, time: at }) => isGone(id, at));
        expect(await readLatest(db, POINTS)).toEqual(naive.newest());
        forgotten += before - naive.newest().size;
      })
      .beforeEach(() => emptyStore(db)),
    { numRuns: 30 },
  );
  expect(forgotten).toBeGreaterThan(10);
});
