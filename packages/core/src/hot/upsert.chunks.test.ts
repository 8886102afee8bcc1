import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { encodeSamples, type HourRow } from "./hour-row.ts";
import { readSeries } from "./read.ts";
import { chunkRows, upsertSamples } from "./upsert.ts";

const anyRow: fc.Arbitrary<HourRow> = fc
  .record({
    hour: fc.integer({ min: -5, max: 490_000 }).map((n) => n * HOUR_MS),
    pointId: fc.integer({ min: 1, max: 9_999 }),
    values: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 5 }),
  })
  .map((row) => ({ ...row, offsets: row.values.map((_, i) => i * 60_000) }));

describe("chunkRows", () => {
  test("holds every row exactly once, in order, in chunks that are neither empty nor over the limit", () => {
    let cuts = 0;
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 30, size: "max" }),
        fc.integer({ min: 300, max: 2_000 }),
        (rows, maxChars) => {
          const chunks = [...chunkRows(rows, maxChars)];
          expect(chunks.flatMap((chunk) => chunk.rows)).toEqual(rows);
          for (const chunk of chunks) {
            expect(chunk.rows.length).toBeGreaterThan(0);
            expect(chunk.rowsJson.length).toBeLessThanOrEqual(maxChars);
            expect(chunk.rowsJson).toBe(
              `[${chunk.rows.map((row) => `[${row.hour},${row.pointId},${encodeSamples(row)}]`).join()}]`,
            );
            expect(JSON.parse(chunk.keysJson)).toEqual(chunk.rows.map((row) => [row.hour, row.pointId]));
          }
          cuts += Math.max(0, chunks.length - 1);
        },
      ),
      { numRuns: 200 },
    );
    expect(cuts).toBeGreaterThan(200);
  });

  test("cuts only where the next row would not fit, and gives a row over the limit its own chunk", () => {
    const row = (pointId: number): HourRow => ({ hour: 0, pointId, offsets: [0], values: [1] });
    const one = '[0,1,{"0":1}]'.length;
    const sizes = (maxChars: number) => [...chunkRows([1, 2, 3].map(row), maxChars)].map((chunk) => chunk.rows.length);
    expect(sizes(3 * (one + 1) + 2)).toEqual([3]);
    expect(sizes(2 * (one + 1) + 2)).toEqual([2, 1]);
    expect(sizes(1)).toEqual([1, 1, 1]);
    expect([...chunkRows([], 100)]).toEqual([]);
  });
});

describe("an upsert of more than one chunk", () => {
  let db: D1Database;
  /** number of statements of each batch that went through `watched` */
  let batches: number[] = [];
  let watched: D1Database;
  beforeAll(async () => {
    db = await migratedDatabase();
    watched = {
      prepare: (query) => db.prepare(query),
      batch: <T>(statements: D1PreparedStatement[]) => {
        batches.push(statements.length);
        return db.batch<T>(statements);
      },
      exec: (query) => db.exec(query),
      withSession: (constraint) => db.withSession(constraint),
      dump: () => Promise.reject(new Error("not used")),
    };
  });
  beforeEach(async () => {
    await db.exec("DELETE FROM sample_hours; DELETE FROM points; DELETE FROM sites");
    batches = [];
  });

  /** `perPoint` samples of each of `points` points in the hour from 0, with as many digits as `scale` brings. */
  function many(points: number, perPoint: number, scale: number): PointSamples {
    const length = points * perPoint;
    const at = Array.from({ length }, (_, i) => i);
    return {
      // as the upstream has them: ascending in time, all points interleaved
      pointIds: Int32Array.from(at, (i) => 1 + (i % points)),
      times: Float64Array.from(at, (i) => 1_800_000 + 15_000 * Math.floor(i / points)),
      values: Float64Array.from(at, (i) => scale * (25.0000000000001 + i / 1e4)),
      length,
    };
  }

  test("4,583 points x 15 minutes go in one transaction of two chunks, and come back", async () => {
    const samples = many(4_583, 15, 1);
    expect(await upsertSamples(watched, samples)).toEqual({ inserted: samples.length, changed: 0, unchanged: 0 });
    expect(batches).toEqual([4]);
    expect(await upsertSamples(watched, samples)).toEqual({ inserted: 0, changed: 0, unchanged: samples.length });

    const series = await readSeries(db, [1, 4_583], { start: 0, end: HOUR_MS });
    for (const id of [1, 4_583]) {
      const mine = [...samples.pointIds.keys()].filter((i) => samples.pointIds[i] === id);
      expect([...series.get(id)!.times]).toEqual(mine.map((i) => samples.times[i]));
      expect([...series.get(id)!.values]).toEqual(mine.map((i) => samples.values[i]));
    }
    expect(await db.prepare("SELECT count(*) AS n FROM sample_hours").first("n")).toBe(4_583);
  });

  test("over eight chunks, `alongside` runs in the last transaction only", async () => {
    // 3,500 points x 120 samples of about 37 characters: nine chunks, two batches.
    const samples = many(3_500, 120, -1 / 3e300);
    const mark = db.prepare("INSERT OR REPLACE INTO sites (id, name) VALUES (1, 'ses_falls_city')");
    const failing = db.prepare("INSERT INTO schema_version (version) VALUES (NULL)");
    const rows = () => db.prepare("SELECT count(*) AS n FROM sample_hours").first<number>("n");
    const marks = () => db.prepare("SELECT count(*) AS n FROM sites").first<number>("n");

    await expect(upsertSamples(watched, samples, [mark, failing])).rejects.toThrow(/NOT NULL/);
    const kept = (await rows()) ?? 0;
    expect(kept).toBeGreaterThan(3_000);
    expect(kept).toBeLessThan(3_500);
    expect(await marks()).toBe(0);

    const counts = await upsertSamples(watched, samples, [mark]);
    expect(counts).toEqual({ inserted: (3_500 - kept) * 120, changed: 0, unchanged: kept * 120 });
    expect([await rows(), await marks()]).toEqual([3_500, 1]);
    // eight chunks of a read and a merge each; the ninth with `alongside`
    expect(batches).toEqual([16, 4, 16, 3]);
  }, 20_000);
});
