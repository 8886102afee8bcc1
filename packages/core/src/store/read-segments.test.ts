import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { StoredRowError } from "./hour-row.ts";
import { readSeries } from "./read.ts";
import { upsertSamples } from "./upsert.ts";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});
beforeEach(clear);

async function clear(): Promise<void> {
  await db.exec("DELETE FROM sample_hours");
}

describe("a range is half-open", () => {
  const TIMES = [-1, 0, 1, 1_800_000, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 3 * HOUR_MS];
  beforeEach(async () => {
    await upsertSamples(db, pointSamples(TIMES.map((time, i) => [1, time, i])));
  });

  test.each([
    ["whole hours", 0, HOUR_MS, [0, 1, 1_800_000, HOUR_MS - 1]],
    ["from one ms before an hour", -1, HOUR_MS, [-1, 0, 1, 1_800_000, HOUR_MS - 1]],
    ["to one ms after an hour", 0, HOUR_MS + 1, [0, 1, 1_800_000, HOUR_MS - 1, HOUR_MS]],
    ["from mid-hour, its start included", 1_800_000, HOUR_MS, [1_800_000, HOUR_MS - 1]],
    ["to mid-hour, its end excluded", 0, 1_800_000, [0, 1]],
    ["inside an hour", 1, HOUR_MS - 1, [1, 1_800_000]],
    ["one millisecond", HOUR_MS, HOUR_MS + 1, [HOUR_MS]],
    ["one millisecond without a sample", 2, 3, []],
    ["over an hour that holds nothing", HOUR_MS + 1, 3 * HOUR_MS + 1, [HOUR_MS + 1, 3 * HOUR_MS]],
    ["an hour that holds nothing", 2 * HOUR_MS, 3 * HOUR_MS, []],
  ])("%s: [%i, %i)", async (_, start, end, times) => {
    const series = (await readSeries(db, [1], { start, end })).get(1);
    expect([...series!.times]).toEqual(times);
    expect([...series!.values]).toEqual(times.map((time) => TIMES.indexOf(time)));
  });
});

test("every point asked for has a series, empty where it has no samples, and no other point has", async () => {
  await upsertSamples(
    db,
    pointSamples([
      [1, 5, 1],
      [2, 5, 2],
      [3, 5, 3],
    ]),
  );
  const series = await readSeries(db, [3, 99, 1, 3], { start: 0, end: 10 });
  expect([...series.keys()].toSorted((a, b) => a - b)).toEqual([1, 3, 99]);
  expect([...series.get(3)!.values]).toEqual([3]);
  expect(series.get(99)!.times.length).toBe(0);
  expect(await readSeries(db, [], { start: 0, end: 10 })).toEqual(new Map());
});

test("equals the samples that were stored, for any points and range", async () => {
  const time = fc.integer({ min: -2 * HOUR_MS, max: 3 * HOUR_MS });
  const edge = fc.tuple(fc.constantFrom(-1, 0, 1, 2), fc.constantFrom(-1, 0, 1)).map(([h, ms]) => h * HOUR_MS + ms);
  const anyTime = fc.oneof(time, edge);
  const samples = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 4 }), anyTime, fc.double({ noNaN: true, noDefaultInfinity: true })),
    { selector: ([pointId, at]) => `${pointId}@${at}`, maxLength: 40, size: "max" },
  );
  const asked = fc.tuple(fc.uniqueArray(fc.integer({ min: 1, max: 5 })), anyTime, anyTime);
  let found = 0;
  await fc.assert(
    fc
      .asyncProperty(samples, fc.array(asked, { minLength: 1, maxLength: 5 }), async (all, reads) => {
        await upsertSamples(db, pointSamples(all));
        for (const [pointIds, a, b] of reads) {
          const range = { start: Math.min(a, b), end: Math.max(a, b) + 1 };
          const series = await readSeries(db, pointIds, range);
          const expected = pointIds.map((id) => {
            const mine = all.filter(([pointId, at]) => pointId === id && at >= range.start && at < range.end);
            const sorted = mine.toSorted(([, x], [, y]) => x - y);
            found += sorted.length;
            return [id, sorted.map(([, at]) => at), sorted.map(([, , value]) => value)];
          });
          expect([...series].map(([id, { times, values }]) => [id, [...times], [...values]])).toEqual(expected);
        }
      })
      .beforeEach(clear),
    { numRuns: 50 },
  );
  expect(found).toBeGreaterThan(100);
});

describe("cost", () => {
  test("a point's hours are looked up by key: the table's other rows are not read", async () => {
    const all = Array.from({ length: 50 * 48 }, (_, i): Sample => [1 + (i % 50), HOUR_MS * Math.floor(i / 50), i]);
    await upsertSamples(db, pointSamples(all));
    const cost = { statements: 0, rowsRead: 0 };
    const series = await readSeries(db, [7], { start: 0, end: 48 * HOUR_MS }, cost);
    expect(series.get(7)!.times.length).toBe(48);
    expect(cost.statements).toBe(1);
    expect(cost.rowsRead).toBeGreaterThanOrEqual(48);
    expect(cost.rowsRead).toBeLessThan(200);
  });

  test("more hours than fit one statement: several, and the series is whole", async () => {
    const at = [0, 3_999 * HOUR_MS, 4_000 * HOUR_MS, 8_999 * HOUR_MS + 5];
    await upsertSamples(db, pointSamples([1, 2].flatMap((id) => at.map((time): Sample => [id, time, id * time]))));
    const cost = { statements: 0, rowsRead: 0 };
    const series = await readSeries(db, [1, 2, 3], { start: 0, end: 9_000 * HOUR_MS }, cost);
    for (const id of [1, 2]) {
      expect([...series.get(id)!.times]).toEqual(at);
      expect([...series.get(id)!.values]).toEqual(at.map((time) => id * time));
    }
    expect(series.get(3)!.times.length).toBe(0);
    expect(cost.statements).toBe(7);
  });

  test("more points than fit one statement: several, and no point is missed", async () => {
    const ids = Array.from({ length: 4_001 }, (_, i) => i + 1);
    await upsertSamples(
      db,
      pointSamples(
        ids.flatMap((id): Sample[] => [
          [id, 5, id],
          [id, HOUR_MS, -id],
        ]),
      ),
    );
    const cost = { statements: 0, rowsRead: 0 };
    const series = await readSeries(db, ids, { start: 0, end: 2 * HOUR_MS }, cost);
    expect([...series].every(([id, { values }]) => values.length === 2 && values[0] === id && values[1] === -id)).toBe(
      true,
    );
    expect(series.size).toBe(4_001);
    expect(cost.statements).toBe(3);
  });
});

test("a row that is not what we write is an error that names it, not an answer", async () => {
  await db
    .prepare("INSERT INTO sample_hours (hour_point, samples) VALUES (?1 / 3600000 * 1048576 + 9, ?2)")
    .bind(HOUR_MS, '{"0":null}')
    .run();
  const read = (start: number) => readSeries(db, [9], { start, end: start + HOUR_MS });
  await expect(read(HOUR_MS)).rejects.toThrow(StoredRowError);
  await expect(read(HOUR_MS)).rejects.toThrow(/hour 3600000, point 9/);
  expect((await read(0)).get(9)!.times.length).toBe(0);
});
