import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { storedPointDays } from "../../test/block-days.ts";
import { CrashPoint, isWrite } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { interceptedDatabase } from "../d1/intercepted-database.ts";
import { described, newPoints, newSite, pointSamples } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { dayRows, keysOf, storedDay } from "../../test/stored-day.ts";
import { markSeenStatement, seenRanges } from "../catalog/seen.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { replaceCatalog } from "../catalog/replace-catalog.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { upsertSamples } from "../../test/store.ts";
import { settleFromSegments } from "./settle-from-segments.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import type { PublishContext } from "./publish-day.ts";
import { sweepStaging } from "../r2/staging.ts";
import { sweepSegments } from "./sweep-segments.ts";

const DAY = 20_373;
const START = dayStart(DAY);
const bucket = env.TIMESERIES;
const NOW = Date.now() + 3 * DAY_MS;
const NAMES = ["z/last", "a/first", "m/é", "m/z"];

type Sample = readonly [point: number, offset: number, value: number];
const FIRST: Sample[] = [
  [0, 0, 1.5],
  [0, 60_000, -0],
  [1, 5 * HOUR_MS, 25.517500000000002],
  [1, 24 * HOUR_MS - 1, 5e-324],
];
const LATE: Sample[] = [
  [2, 5 * HOUR_MS + 7, 3],
  [0, 30_000, 4],
  [0, 60_000, 7],
  [1, 11 * HOUR_MS, 8],
];

let db: D1Database;
let site: { id: number; name: string };
let ids: number[];
let builds = 0;
beforeAll(async () => {
  db = await migratedDatabase();
  site = { name: "ses_archive", id: await newSite(db, "ses_archive") };
  ids = await newPoints(db, site.id, NAMES);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
beforeEach(reset);

async function reset(): Promise<void> {
  await db.exec(
    "DELETE FROM segments; DELETE FROM block_latest; DELETE FROM hot_hours; DELETE FROM day_files; DELETE FROM block_days; UPDATE points SET first_seen = NULL, last_seen = NULL",
  );
  const keys = await keysOf(bucket, "");
  if (keys.length > 0) await bucket.delete(keys);
}

const DEFAULTS = { hotDays: 0, now: () => NOW };
const context = (given: Partial<PublishContext> = {}): PublishContext => ({ db, bucket, ...DEFAULTS, ...given });
const newBuild = () => ({ build: `build-${builds++}`, site, day: DAY });
/** Like a sync: the points' first and last times are written with their samples. */
const store = (given: readonly Sample[]) => {
  const samples = pointSamples(given.map(([point, offset, value]) => [ids[point]!, START + offset, value]));
  return upsertSamples(db, samples, [markSeenStatement(db, seenRanges(samples, new Map()))]);
};
const stored = () => storedDay(db, bucket, { site, day: DAY });
const hotRows = () => db.prepare("SELECT count(*) AS n FROM segments").first("n");
/** Segments that are in no file. */
const withoutRollups = () =>
  db
    .prepare(
      `SELECT count(*) AS n FROM segments s WHERE s.key & 16777215 > coalesce(
         (SELECT settled_stamp FROM day_files f WHERE f.site_id = ?1 AND f.day = (s.key >> 24) & 65535), 0)`,
    )
    .bind(site.id)
    .first("n");
/** The samples that a reader must see after these batches. */
function lines(...batches: Sample[][]): string[] {
  const latest = new Map<string, number>();
  for (const [point, offset, value] of batches.flat()) latest.set(`${NAMES[point]} ${START + offset}`, value);
  return [...latest].map(([at, value]) => `${at} ${Object.is(value, -0) ? "-0" : value}`).sort();
}

async function settleThenStore(): Promise<void> {
  await reset();
  await store(FIRST);
  expect(await settleFromSegments(context(), newBuild())).toMatchObject({ outcome: "settled" });
  await store(LATE);
}

/** A settled day with late samples: it has a file and hot rows. */
const settledWithLate = preparedStorage(settleThenStore, bucket, [env.DB]);

describe("settling from segments", () => {
  test("writes the day's file, deletes the segments, and reports the counts", async () => {
    await store(FIRST);
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({
      site: "ses_archive",
      day: "2025-10-12",
      outcome: "settled",
      settledSamples: 4,
      samples: 4,
      reason: null,
    });
    expect(await hotRows()).toBe(0);
    expect(await stored()).toEqual(lines(FIRST));
    expect(await keysOf(bucket, "")).toEqual([dayFileKey(site.name, DAY)]);
    expect(await readManifestDay(db, site.id, DAY)).toMatchObject({
      state: "written",
      source: "d1",
      pending: new Map(),
    });
    expect(await storedPointDays(db)).toMatchObject([{ rows: 2 }, { rows: 2 }]);
    expect(await dayRows(db, { site, day: DAY })).toMatchObject({
      seen: [
        { first_seen: START, last_seen: START + 60_000 },
        { first_seen: START + 5 * HOUR_MS, last_seen: START + 24 * HOUR_MS - 1 },
        { first_seen: null },
        { first_seen: null },
      ],
    });
  });

  test("leaves other sites' samples alone", async () => {
    const other = { name: "ses_other", id: await newSite(db, "ses_other") };
    await replaceCatalog(db, other.id, await loadCatalog(db, other.id), [described("a/first")], 1);
    const id = (await loadCatalog(db, other.id)).get("a/first")!.id;
    await store(FIRST);
    await upsertSamples(db, pointSamples([[id, START, 9]]));
    await settleFromSegments(context(), newBuild());
    expect(await hotRows()).toBe(1);
    const both = await settleFromSegments(context(), { ...newBuild(), site: other });
    expect(both).toMatchObject({ site: "ses_other", samples: 1 });
    expect(await storedDay(db, bucket, { site: other, day: DAY })).toEqual([`a/first ${START} 9`]);
    expect(await stored()).toEqual(lines(FIRST));
  });

  test("adds late samples to the file at the next run; the later value wins", async () => {
    await settledWithLate();
    expect(await stored()).toEqual(lines(FIRST, LATE));
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({
      outcome: "settled",
      settledSamples: 4,
      samples: 7,
    });
    expect(await hotRows()).toBe(0);
    expect(await stored()).toEqual(lines(FIRST, LATE));
  });

  test("keeps a file that has the samples, and deletes the segments", async () => {
    await store(FIRST);
    await settleFromSegments(context(), newBuild());
    const before = await readManifestDay(db, site.id, DAY);
    await store(FIRST.slice(1, 3));
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({ outcome: "settled", settledSamples: 2 });
    expect(await hotRows()).toBe(0);
    expect(await readManifestDay(db, site.id, DAY)).toMatchObject({ file: before!.file, generation: 1 });
  });

  test("marks a day with a foreign file suspect, and its samples stay hot", async () => {
    await settledWithLate();
    await bucket.put(dayFileKey(site.name, DAY), "not what was written");
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({
      outcome: "suspect",
      reason: expect.stringContaining("not one that a build wrote"),
    });
    expect(await hotRows()).toBe(1);
    expect(await readManifestDay(db, site.id, DAY)).toMatchObject({ state: "suspect" });
    expect(await keysOf(bucket, "staging/")).toEqual([]);
  });

  test("marks the day suspect if its file is gone", async () => {
    await settledWithLate();
    await bucket.delete(dayFileKey(site.name, DAY));
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({
      outcome: "suspect",
      reason: "its file is gone",
    });
    expect(await hotRows()).toBe(1);
  });
});

/** Reads between two writes change nothing, so the state after each write covers them. */
describe("a settlement that stops after any of its writes", () => {
  test.each([
    ["with no file yet", () => store(FIRST), lines(FIRST)],
    ["over a file", settledWithLate, lines(FIRST, LATE)],
  ])("%s, loses and hides nothing, and the next run completes it", async (_, prepare, expected) => {
    await reset();
    await prepare();
    expect(await settleFromSegments(context(), newBuild())).toMatchObject({ outcome: "settled" });
    const whole = await dayRows(db, { site, day: DAY });
    let nth = 0;
    for (; ; nth++) {
      await reset();
      await prepare();
      const crash = new CrashPoint(nth, "after", isWrite);
      const died = await settleFromSegments(
        context({ db: crash.database(db), bucket: crash.bucket(bucket) }),
        newBuild(),
      );
      expect(await stored()).toEqual(expected);
      if (!crash.happened) break;
      // once the day is published, only the sweep can fail
      expect([died.outcome, await withoutRollups()]).toEqual(
        died.outcome === "settled" ? ["settled", 0] : ["failed", expect.any(Number)],
      );
      // the next run starts two days later, when staged objects count as abandoned
      await sweepStaging(bucket, NOW);
      await settleFromSegments(context(), newBuild());
      // the site's next sweep deletes the rest
      await sweepSegments(db, site.id);
      expect(await stored()).toEqual(expected);
      expect(await hotRows()).toBe(0);
      expect(await dayRows(db, { site, day: DAY })).toEqual(whole);
      expect(await keysOf(bucket, "")).toEqual([dayFileKey(site.name, DAY)]);
      expect((await readManifestDay(db, site.id, DAY))?.pending).toEqual(new Map());
    }
    expect(nth).toBeGreaterThan(10);
  });
});

describe("between any two calls of a settlement", () => {
  /** Runs a settlement once for each of its calls, with another action right before that call. */
  async function interrupted(
    elsewhere: () => Promise<unknown>,
    check: (first: string) => Promise<void>,
  ): Promise<void> {
    // Every second call that another build can observe; staged objects are private to a build. A run takes half a
    // second.
    let nth = 0;
    for (; ; nth += 2) {
      await settledWithLate();
      let calls = 0;
      const at = nth;
      const intercept = async <T>(execute: () => Promise<T>, call: string | number): Promise<T> => {
        const isShared = typeof call === "number" || !call.includes(" staging/");
        if (isShared && calls++ === at) await elsewhere();
        return execute();
      };
      const watched = { db: interceptedDatabase(db, intercept), bucket: interceptedBucket(bucket, intercept) };
      const { outcome } = await settleFromSegments(context(watched), newBuild());
      if (calls <= at) break;
      await check(outcome);
      await sweepStaging(bucket, NOW);
      await settleFromSegments(context(), newBuild());
      expect(await hotRows()).toBe(0);
      await check("settled");
      expect(await keysOf(bucket, "")).toEqual([dayFileKey(site.name, DAY)]);
    }
    expect(nth).toBeGreaterThan(15);
  }

  test("another settlement may run: one of them wins, nothing is lost", async () => {
    const outcomes = new Map<string, number>();
    await interrupted(
      async () => {
        const { outcome } = await settleFromSegments(context(), newBuild());
        outcomes.set(`other ${outcome}`, (outcomes.get(`other ${outcome}`) ?? 0) + 1);
      },
      async (outcome) => {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        expect(await stored()).toEqual(lines(FIRST, LATE));
      },
    );
    expect(outcomes.get("failed") ?? 0).toBe(0);
    expect(outcomes.get("conflict")).toBeGreaterThan(5);
  });

  const later: Sample[] = [
    [0, 90_000, 11],
    [0, 60_000, 12],
    [3, 0, 13],
  ];
  test("another settlement may run and samples come late: nothing is lost", async () => {
    await interrupted(
      async () => {
        await settleFromSegments(context(), newBuild());
        await store(later);
      },
      async () => expect(await stored()).toEqual(lines(FIRST, LATE, later)),
    );
  });

  test("samples may come late and another settlement use them: nothing is lost", async () => {
    await interrupted(
      async () => {
        await store(later);
        await settleFromSegments(context(), newBuild());
      },
      async () => expect(await stored()).toEqual(lines(FIRST, LATE, later)),
    );
  });
});
