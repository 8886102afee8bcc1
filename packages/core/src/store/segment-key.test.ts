import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { hourOfKey, pointOfKey, rowKey } from "./row-key.ts";

const LAST_POINT = 2 ** 20 - 1;
const anyHour = fc.integer({ min: -500_000, max: 5_000_000 }).map((n) => n * HOUR_MS);
const anyPoint = fc.integer({ min: 1, max: LAST_POINT });

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("a key holds its hour and its point, before 1970 too, and sorts by hour and then by point", () => {
  fc.assert(
    fc.property(anyHour, anyPoint, anyHour, anyPoint, (hour, point, otherHour, otherPoint) => {
      const key = rowKey(hour, point);
      expect(Number.isSafeInteger(key)).toBe(true);
      expect([hourOfKey(key), pointOfKey(key)]).toEqual([hour, point]);
      expect(Math.sign(key - rowKey(otherHour, otherPoint))).toBe(Math.sign(hour - otherHour || point - otherPoint));
    }),
  );
});

test("SQL takes a key apart as this code does", async () => {
  const keys: [hour: number, point: number][] = [
    [0, 1],
    [HOUR_MS, LAST_POINT],
    [-HOUR_MS, 7],
    [489_000 * HOUR_MS, 4_583],
  ];
  for (const [hour, point] of keys) {
    await db
      .prepare("INSERT INTO sample_hours (hour_point, samples) VALUES (?1, '{}')")
      .bind(rowKey(hour, point))
      .run();
    const row = await db
      .prepare("SELECT hour, point_id FROM sample_hours WHERE hour_point = ?1")
      .bind(rowKey(hour, point))
      .first();
    expect(row).toEqual({ hour, point_id: point });
  }
});

test("the schema refuses a point whose id does not fit", async () => {
  await db.prepare("INSERT INTO sites (id, name) VALUES (1, 'site')").run();
  const insert = (id: number) =>
    db
      .prepare(
        "INSERT INTO points (id, site_id, name, source, configured, tags) VALUES (?1, 1, ?2, 'catalog', 1, '{}')",
      )
      .bind(id, `point ${id}`)
      .run();
  await insert(LAST_POINT);
  await expect(insert(LAST_POINT + 1)).rejects.toThrow(/CHECK constraint/);
});
