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
  const [changed, untouched] = await revisions();
  expect([first, other]).not.toContain(changed);
  expect(untouched).toBe(other);
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
  // each batch has its own
  expect(seen.size).toBe(20);
});

test("a batch raises the version of exactly the hours whose rows it changed", async () => {
  await db.batch([
    db.prepare("INSERT INTO sites (id, name) VALUES (1, 's')"),
    db.prepare(
      "INSERT INTO points (id, site_id, name, source, configured, tags) VALUES (1, 1, 'a', 'catalog', 1, '{}'), (2, 1, 'b', 'catalog', 1, '{}')",
    ),
  ]);
  const HOUR = 3_600_000;
  const versions = async () => {
    const { results } = await db
      .prepare("SELECT hour, version FROM hot_hours")
      .all<{ hour: number; version: number }>();
    return new Map(results.map(({ hour, version }) => [hour / HOUR, version]));
  };
  const store = (...samples: [number, number, number][]) => upsertSamples(db, pointSamples(samples));
  await store([1, 0, 1], [2, 0, 2], [1, HOUR, 1], [2, 2 * HOUR, 1]);
  const before = await versions();
  expect([...before.keys()]).toEqual([0, 1, 2]);
  await store([1, 0, 1], [2, 0, 2], [1, HOUR, 1.5], [2, 2 * HOUR + 1, 1], [1, 3 * HOUR, 9]);
  const after = await versions();
  expect([0, 1, 2].map((hour) => after.get(hour)! - before.get(hour)!)).toEqual([0, 1, 1]);
  expect(after.has(3)).toBe(true);
});
