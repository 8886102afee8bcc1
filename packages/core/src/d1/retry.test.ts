import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import type { PointSamples } from "../domain/samples.ts";
import { type Backoff, isRetryableD1Error, withD1Retry } from "./retry.ts";
import { readSeries } from "../hot/read.ts";
import { upsertSamples } from "../hot/upsert.ts";

const LOST = "D1_ERROR: Network connection lost.";

/** A clock that notes each wait and does not wait. */
function fakeBackoff(random: number): Backoff & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    random: () => random,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

describe("isRetryableD1Error", () => {
  test.each([
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    LOST,
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: Can't read from request stream because client disconnected.",
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
  ])("%s passes", (message) => {
    expect(isRetryableD1Error(new Error(message))).toBe(true);
    expect(isRetryableD1Error(message)).toBe(true);
  });

  test.each([
    "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
    "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: UNIQUE constraint failed: sites.name: SQLITE_CONSTRAINT",
    "D1_ERROR: no such table: sample_hours: SQLITE_ERROR",
    "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
    "",
  ])("%j does not", (message) => {
    expect(isRetryableD1Error(new Error(message))).toBe(false);
    expect(isRetryableD1Error({ message: LOST })).toBe(false);
    expect(isRetryableD1Error(undefined)).toBe(false);
  });
});

describe("withD1Retry", () => {
  /** A call that fails with each of `errors` in turn and then answers with the number of its tries. */
  function failing(errors: readonly unknown[]): { call: () => Promise<number>; tries: () => number } {
    let tries = 0;
    const call = () => (tries++ < errors.length ? Promise.reject(errors[tries - 1]) : Promise.resolve(tries));
    return { call, tries: () => tries };
  }
  const lost = (n: number) => new Error(`${LOST} ${n}`);

  test.each([
    [0, 0, []],
    [1, 0, [50]],
    [2, 0, [50, 200]],
    [3, 0, [50, 200, 800]],
    [3, 0.5, [75, 300, 1_200]],
    [3, 1, [100, 400, 1_600]],
  ])("after %i failures, random %d, it waits %j ms and answers", async (failures, random, waits) => {
    const backoff = fakeBackoff(random);
    const { call } = failing(Array.from({ length: failures }, (_, i) => lost(i)));
    expect(await withD1Retry(call, backoff)).toBe(failures + 1);
    expect(backoff.waits).toEqual(waits);
  });

  test("the fourth failure is the last, and is the one thrown", async () => {
    const backoff = fakeBackoff(0);
    const { call, tries } = failing([lost(1), lost(2), lost(3), lost(4), lost(5)]);
    await expect(withD1Retry(call, backoff)).rejects.toThrow(lost(4));
    expect([tries(), backoff.waits]).toEqual([4, [50, 200, 800]]);
  });

  test.each([
    "no such table: sample_hours",
    "D1 DB storage operation exceeded timeout which caused object to be reset.",
  ])("%j is thrown at once, after a passing error too", async (message) => {
    const backoff = fakeBackoff(0);
    const other = new Error(`D1_ERROR: ${message}`);
    const { call, tries } = failing([lost(1), other, lost(2)]);
    await expect(withD1Retry(call, backoff)).rejects.toBe(other);
    expect([tries(), backoff.waits]).toEqual([2, [50]]);
  });
});

describe("an upsert over a bad connection", () => {
  type Fate = "answered" | "answer lost" | "not run" | "refused";
  let db: D1Database;
  beforeAll(async () => {
    db = await migratedDatabase();
  });
  beforeEach(clear);

  async function clear(): Promise<void> {
    await db.exec("DELETE FROM sample_hours; DELETE FROM points; DELETE FROM sites");
  }

  /** The database, whose batches meet these fates in turn; all later ones are answered. */
  function unreliable(fates: readonly Fate[]): D1Database {
    let calls = 0;
    return {
      prepare: (query) => db.prepare(query),
      batch: async <T>(statements: D1PreparedStatement[]) => {
        const fate = fates[calls++] ?? "answered";
        if (fate === "not run") throw new Error(LOST);
        if (fate === "refused") throw new Error("D1_ERROR: no such table: sample_hours");
        const results = await db.batch<T>(statements);
        if (fate === "answer lost") throw new Error(LOST);
        return results;
      },
      exec: (query) => db.exec(query),
      withSession: (constraint) => db.withSession(constraint),
      dump: () => Promise.reject(new Error("not used")),
    };
  }

  /** Samples of point 1, one for each value, `fromMs` on. */
  const samples = (fromMs: number, values: readonly number[]): PointSamples => ({
    pointIds: new Int32Array(values.length).fill(1),
    times: Float64Array.from(values, (_, i) => fromMs + i),
    values: Float64Array.from(values),
    length: values.length,
  });
  const stored = async () => (await readSeries(db, [1], { start: 0, end: 1_000 })).get(1);
  const moveCursor = (to: number) =>
    db
      .prepare("INSERT INTO sites (id, name, catalog_at) VALUES (1, 's', ?1) ON CONFLICT DO UPDATE SET catalog_at = ?1")
      .bind(to);
  const cursor = async () => await db.prepare("SELECT catalog_at FROM sites").first<number>("catalog_at");

  test("a commit whose answer is lost is asked again, counts as unchanged, and is stored once", async () => {
    await upsertSamples(db, samples(10, [1, 2]));
    const backoff = fakeBackoff(0);
    const counts = await upsertSamples(unreliable(["answer lost"]), samples(11, [2.5, 3]), [moveCursor(7)], backoff);
    expect(counts).toEqual({ inserted: 0, changed: 0, unchanged: 2, superseded: 0 });
    expect(backoff.waits).toEqual([50]);
    expect(await stored()).toEqual({ times: Float64Array.of(10, 11, 12), values: Float64Array.of(1, 2.5, 3) });
    expect(await cursor()).toBe(7);
  });

  test("whatever befalls each try, all is stored and the cursor moved or neither; a later run ends right", async () => {
    const fate = fc.constantFrom<Fate>("answer lost", "not run", "refused", "answered");
    const ends = { answered: 0, failed: 0 };
    await fc.assert(
      fc
        .asyncProperty(fc.array(fate, { maxLength: 6, size: "max" }), async (fates) => {
          const before = [0, -0, 5e-324];
          const after = [25.517500000000002, -0, 1e21, 4];
          await upsertSamples(db, samples(0, before), [moveCursor(0)]);
          const poor = unreliable(fates);
          const attempt = () => upsertSamples(poor, samples(0, after), [moveCursor(1)], fakeBackoff(0));
          const outcome = await attempt().then(
            () => "answered" as const,
            () => "failed" as const,
          );
          ends[outcome]++;
          const moved = (await cursor()) === 1;
          if (outcome === "answered") expect(moved).toBe(true);
          expect([...(await stored())!.values]).toEqual(moved ? after : before);

          for (let tries = 0; tries < fates.length; tries++) await attempt().catch(() => undefined);
          await attempt();
          expect([...(await stored())!.values]).toEqual(after);
          expect(await cursor()).toBe(1);
        })
        .beforeEach(clear),
      { numRuns: 50 },
    );
    expect(Math.min(ends.answered, ends.failed)).toBeGreaterThan(0);
  });
});
