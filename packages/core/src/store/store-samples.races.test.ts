import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import {
  allSegments,
  emptyStore,
  NaiveStore,
  samplesOf,
  siteWithPoints,
  sorted,
  storeFaults,
} from "../../test/naive-store.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import type { Backoff } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { forgetLatest } from "./forget-latest.ts";
import { readLatest } from "./read-latest.ts";
import { raiseClock } from "./site-clock.ts";
import { addMissingSamples, storeSamples } from "./store-samples.ts";

const DAY = 20_373 * DAY_MS;
const POINTS = [1, 2, 200];
const LOST = "D1_ERROR: Network connection lost.";

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await siteWithPoints(db, 1, POINTS);
});
beforeEach(clear);

async function clear(): Promise<void> {
  await emptyStore(db);
  await db.exec("UPDATE sites SET catalog_at = NULL");
}

const backoff: Backoff = { random: () => 0, sleep: () => Promise.resolve() };
const cursor = () => db.prepare("SELECT catalog_at FROM sites").first<number>("catalog_at");
const cursorTo = (to: number) => db.prepare("UPDATE sites SET catalog_at = ?1").bind(to);

interface Arrival {
  readonly samples: readonly Sample[];
  readonly asked: number;
  readonly mode: "win" | "add";
}

const store = (
  through: D1Database,
  { samples, asked, mode }: Arrival,
  alongside: readonly D1PreparedStatement[] = [],
) =>
  (mode === "win" ? storeSamples : addMissingSamples)(
    { db: through, siteId: 1, now: () => DAY, backoff },
    pointSamples(samples),
    asked,
    alongside,
  );

/** The database, with an action before its nth call, from 0. */
function beforeCall(nth: number, interfere: () => Promise<unknown>): D1Database {
  let calls = 0;
  return interceptedDatabase(db, async (execute) => {
    if (calls++ === nth) await interfere();
    return execute();
  });
}

const time = fc.constantFrom(0, HOUR_MS, DAY_MS).map((ms) => DAY + ms);
const samples = fc.array(fc.tuple(fc.constantFrom(...POINTS), time, fc.constantFrom(0, -0, 1, 2)), {
  minLength: 1,
  maxLength: 6,
  size: "max",
});
const arrival: fc.Arbitrary<Arrival> = fc.record({
  samples,
  asked: fc.constantFrom(0, 10, 20),
  mode: fc.constantFrom("win", "win", "add"),
});

/** Whether storing these samples would write one. */
function writes(naive: NaiveStore, { samples: batch, asked, mode }: Arrival): boolean {
  const copy = new NaiveStore(naive.samples);
  copy.store(batch, asked, mode);
  return sorted(copy.samples).some(([key, held]) => !Object.is(naive.samples.get(key), held));
}

async function expectStored(naive: NaiveStore): Promise<void> {
  expect(sorted(samplesOf(await allSegments(db)))).toEqual(sorted(naive.samples));
  expect(await storeFaults(db)).toEqual([]);
  expect(await readLatest(db, POINTS)).toEqual(naive.newest());
}

test("two interleaved stores end as if one came after the other", async () => {
  let repeated = 0;
  await fc.assert(
    fc
      .asyncProperty(arrival, arrival, arrival, async (held, other, tried) => {
        const naive = new NaiveStore();
        naive.store(held.samples, held.asked, held.mode);
        await store(db, held);
        let calls = 0;
        const counted = interceptedDatabase(
          beforeCall(1, async () => {
            expect(await store(db, other)).toEqual(naive.store(other.samples, other.asked, other.mode));
          }),
          (execute) => {
            calls++;
            return execute();
          },
        );
        const isNew = writes(naive, tried);
        const early = new NaiveStore(naive.samples).store(tried.samples, tried.asked, tried.mode);
        const counts = await store(counted, tried, [cursorTo(1)]);
        // A store without new samples has no commit to interleave with.
        expect(counts).toEqual(isNew ? naive.store(tried.samples, tried.asked, tried.mode) : early);
        expect(await cursor()).toBe(1);
        await expectStored(naive);
        if (calls > 2) repeated++;
      })
      .beforeEach(clear),
    { numRuns: 30 },
  );
  expect(repeated).toBeGreaterThan(5);
});

describe("a commit whose answer is lost", () => {
  const tried: Arrival = {
    samples: [
      [1, DAY, 1],
      [2, DAY, 2],
    ],
    asked: 10,
    mode: "win",
  };

  /** The commit succeeds, then something else happens, and then its answer is lost. */
  function losing(interfere: () => Promise<unknown>): D1Database {
    let calls = 0;
    return interceptedDatabase(db, async (execute) => {
      const answer = await execute();
      if (calls++ !== 1) return answer;
      await interfere();
      throw new Error(LOST);
    });
  }

  test("counts as committed", async () => {
    const counts = await store(
      losing(() => Promise.resolve()),
      tried,
      [cursorTo(1)],
    );
    expect(counts).toEqual({ inserted: 2, changed: 0, unchanged: 0, superseded: 0 });
    expect((await allSegments(db)).map(({ stamp }) => stamp)).toEqual([1]);
    expect(await cursor()).toBe(1);
  });

  test("counts as committed if other stores came meanwhile", async () => {
    const other: Arrival = { samples: [[1, DAY, 5]], asked: 20, mode: "win" };
    const counts = await store(
      losing(async () => {
        await raiseClock(db, 1).run();
        await store(db, other);
        await store(db, { ...other, samples: [[2, DAY + 1, 6]] });
      }),
      tried,
      [cursorTo(1)],
    );
    expect(counts).toEqual({ inserted: 2, changed: 0, unchanged: 0, superseded: 0 });
    expect((await allSegments(db)).map(({ stamp }) => stamp)).toEqual([1, 3, 4]);
    const naive = new NaiveStore();
    naive.store(tried.samples, 10);
    naive.store([...other.samples, [2, DAY + 1, 6]], 20);
    await expectStored(naive);
  });

  test("is compared again after more stores than the clock remembers", async () => {
    const counts = await store(
      losing(async () => {
        for (let i = 0; i < 18; i++) await store(db, { samples: [[1, DAY + 1 + i, i]], asked: 20, mode: "win" });
      }),
      tried,
      [cursorTo(1)],
    );
    expect(counts).toMatchObject({ inserted: 0, unchanged: 2 });
  });
});

test("for any fault, all is stored and the cursor moved, or neither", async () => {
  const fate = fc.constantFrom("answered", "answer lost", "not run", "refused", "refused after");
  const ends = { answered: 0, failed: 0 };
  await fc.assert(
    fc
      .asyncProperty(arrival, arrival, fc.array(fate, { maxLength: 6, size: "max" }), async (held, tried, fates) => {
        const before = new NaiveStore();
        before.store(held.samples, held.asked, held.mode);
        await store(db, held);
        const after = new NaiveStore(before.samples);
        const counts = after.store(tried.samples, tried.asked, tried.mode);
        let calls = 0;
        const poor = interceptedDatabase(db, async (execute) => {
          const befallen = fates[calls++] ?? "answered";
          if (befallen === "not run") throw new Error(LOST);
          if (befallen === "refused") throw new Error("D1_ERROR: no such table: segments");
          const answer = await execute();
          if (befallen === "answer lost") throw new Error(LOST);
          if (befallen === "refused after")
            throw new Error("D1_ERROR: D1 DB exceeded its CPU time limit and was reset.");
          return answer;
        });
        const outcome = await store(poor, tried, [cursorTo(1)]).catch(() => null);
        ends[outcome === null ? "failed" : "answered"]++;
        const isMoved = (await cursor()) === 1;
        if (outcome !== null) expect([outcome, isMoved]).toEqual([counts, true]);
        await expectStored(isMoved ? after : before);

        await store(db, tried, [cursorTo(1)]);
        await expectStored(after);
        expect(await cursor()).toBe(1);
      })
      .beforeEach(clear),
    { numRuns: 30 },
  );
  expect(Math.min(ends.answered, ends.failed)).toBeGreaterThan(2);
});

test("a clock that moves at each attempt is an error, and nothing is stored", async () => {
  const restless = interceptedDatabase(db, async (execute, statements) => {
    if (statements > 3) await raiseClock(db, 1).run();
    return execute();
  });
  const tried: Arrival = { samples: [[1, DAY, 1]], asked: 1, mode: "win" };
  await expect(store(restless, tried, [cursorTo(1)])).rejects.toThrow(
    /samples of site 1: other runs stored samples during each of 10 attempts/,
  );
  expect([await allSegments(db), await cursor()]).toEqual([[], null]);
});

test("a deleted newest sample is not written back by a concurrent store", async () => {
  await store(db, {
    samples: [
      [1, DAY + 9, 1],
      [2, DAY, 2],
    ],
    asked: 1,
    mode: "win",
  });
  const racing = beforeCall(1, async () => {
    await db.batch([db.prepare("DELETE FROM segments"), db.prepare("DELETE FROM hot_hours")]);
    await forgetLatest(db, 1, ({ pointId }) => pointId === 1);
  });
  await store(racing, { samples: [[2, DAY + 1, 3]], asked: 2, mode: "win" });
  expect(await readLatest(db, POINTS)).toEqual(new Map([[2, { pointId: 2, time: DAY + 1, value: 3, asked: 2 }]]));
});
