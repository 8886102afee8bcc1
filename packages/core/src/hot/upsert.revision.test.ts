import { beforeAll, beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { upsertSamples } from "./upsert.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(() => db.exec("DELETE FROM sample_hours"));

const revisions = async () => {
  const { results } = await db
    .prepare("SELECT revision FROM sample_hours ORDER BY hour_point")
    .all<{ revision: number }>();
  return results.map((row) => row.revision);
};

test("a row's revision changes exactly when the row does", async () => {
  await upsertSamples(
    db,
    pointSamples([
      [1, 0, 1],
      [2, 0, 2],
    ]),
  );
  const [first, other] = await revisions();
  await upsertSamples(db, pointSamples([[1, 0, 1]]));
  expect(await revisions()).toEqual([first, other]);
  await upsertSamples(db, pointSamples([[1, 0, 7]]));
  await upsertSamples(db, pointSamples([[1, 60_000, 1]]));
  expect(await revisions()).toEqual([first! + 2, other]);
});

test("a row that was deleted and comes anew has a revision of its own", async () => {
  const seen = new Set<number>();
  for (let i = 0; i < 20; i++) {
    await upsertSamples(
      db,
      pointSamples([
        [1, 0, 1],
        [2, 0, 1],
      ]),
    );
    for (const revision of await revisions()) {
      expect(Number.isSafeInteger(revision)).toBe(true);
      seen.add(revision);
    }
    await db.exec("DELETE FROM sample_hours");
  }
  expect(seen.size).toBe(40);
});
