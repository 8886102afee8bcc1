import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { siteWithPoints } from "../../test/naive-store.ts";
import { blockOf } from "../domain/block.ts";
import { DAYS } from "../domain/day.ts";
import {
  blockSql,
  dayOfSegmentSql,
  firstPointSql,
  placeOfKey,
  segmentKey,
  segmentKeySql,
  stampOfSegmentSql,
} from "./segment-key.ts";

const LAST_POINT = 2 ** 20 - 1;
const LAST_STAMP = 2 ** 24 - 1;
const edged = (max: number) => fc.oneof(fc.constantFrom(0, 1, max - 1, max), fc.nat({ max }));
const anyPlace = fc.tuple(edged(blockOf(LAST_POINT)), edged(DAYS - 1), edged(LAST_STAMP));

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

test("keys sort by block, then day, then stamp", () => {
  fc.assert(
    fc.property(anyPlace, anyPlace, ([block, day, stamp], [otherBlock, otherDay, otherStamp]) => {
      const key = segmentKey(block, day, stamp);
      expect(Number.isSafeInteger(key)).toBe(true);
      expect(placeOfKey(key)).toEqual({ block, day, stamp });
      const order = block - otherBlock || day - otherDay || stamp - otherStamp;
      expect(Math.sign(key - segmentKey(otherBlock, otherDay, otherStamp))).toBe(Math.sign(order));
    }),
  );
});

test.each([
  [-1, 0],
  [DAYS, 0],
  [0, -1],
  [0, LAST_STAMP + 1],
])("refuses day %i and stamp %i", (day, stamp) => {
  expect(() => segmentKey(1, day, stamp)).toThrow(RangeError);
});

const PLACES = [
  [0, 0, 0],
  [1, 20_373, 7],
  [35, 0, 1],
  [blockOf(LAST_POINT), DAYS - 1, LAST_STAMP],
] as const;

test("SQL computes the same key", async () => {
  const sql = `SELECT ${segmentKeySql("value ->> 0", "value ->> 1")} + (value ->> 2) AS key FROM json_each(?1)`;
  const { results } = await db.prepare(sql).bind(JSON.stringify(PLACES)).all();
  expect(results.map(({ key }) => key)).toEqual(PLACES.map(([block, day, stamp]) => segmentKey(block, day, stamp)));
});

test("SQL unpacks a key", async () => {
  const keys = PLACES.map(([block, day, stamp]) => segmentKey(block, day, stamp));
  const sql = `SELECT ${blockSql(firstPointSql("value"))} AS block, ${dayOfSegmentSql("value")} AS day,
    ${stampOfSegmentSql("value")} AS stamp FROM json_each(?1)`;
  const { results } = await db.prepare(sql).bind(JSON.stringify(keys)).all();
  expect(results).toEqual(keys.map(placeOfKey));
});

test("the schema refuses a point whose block exceeds a key", async () => {
  await siteWithPoints(db, 1, [LAST_POINT]);
  await expect(siteWithPoints(db, 2, [LAST_POINT + 1])).rejects.toThrow(/CHECK constraint/);
});
