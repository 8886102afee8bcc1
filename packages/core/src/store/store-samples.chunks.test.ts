import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { readSeries } from "./read.ts";
import { upsertSamples } from "./upsert.ts";

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
    expect(await upsertSamples(watched, samples, [], undefined, () => 0)).toEqual({
      inserted: samples.length,
      changed: 0,
      unchanged: 0,
      superseded: 0,
    });
    expect(batches).toEqual([6]);
    expect(await upsertSamples(watched, samples, [], undefined, () => 0)).toEqual({
      inserted: 0,
      changed: 0,
      unchanged: samples.length,
      superseded: 0,
    });

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

    await expect(upsertSamples(watched, samples, [mark, failing], undefined, () => 0)).rejects.toThrow(/NOT NULL/);
    const kept = (await rows()) ?? 0;
    expect(kept).toBeGreaterThan(3_000);
    expect(kept).toBeLessThan(3_500);
    expect(await marks()).toBe(0);

    const counts = await upsertSamples(watched, samples, [mark], undefined, () => 0);
    expect(counts).toEqual({ inserted: (3_500 - kept) * 120, changed: 0, unchanged: kept * 120, superseded: 0 });
    expect([await rows(), await marks()]).toEqual([3_500, 1]);
    // eight chunks of a read, a merge and a touch each; the ninth with `alongside`
    expect(batches).toEqual([24, 5, 24, 4]);
  });
});
