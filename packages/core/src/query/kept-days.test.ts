import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CrashPoint } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { newPoints, newSite, pointSamples } from "../../test/points.ts";
import { LOST_BUCKET, queriedDay, queriedDays } from "../../test/queried-day.ts";
import { upsertSamples } from "../../test/store.ts";
import { keysOf } from "../../test/stored-day.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { beginKeeping } from "../store/kept-groups.ts";
import { readManifest, readManifestDay } from "../manifest/manifest.ts";
import { sweepKeptGroups } from "../store/sweep-kept-groups.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";

const FIRST = 20_373;
const DAYS = [FIRST, FIRST + 1, FIRST + 2] as const;
const LAST = FIRST + 2;
const HOT_DAYS = 20;
const NOW = dayStart(LAST + 1);
/** three row groups a day */
const POINTS = 30;
const bucket = env.TIMESERIES;

let db: D1Database;
let site: { id: number; name: string };
let ids: number[];
let builds = 0;

beforeAll(async () => {
  db = await migratedDatabase();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

/** A site with samples of each point and day, each day settled and kept. */
async function keptSite(): Promise<void> {
  await emptyDatabase();
  const left = await keysOf(bucket, "");
  if (left.length > 0) await bucket.delete(left);
  site = { id: await newSite(db, "ses_kept"), name: "ses_kept" };
  const names = Array.from({ length: POINTS }, (_, i) => `p/${String(i).padStart(2, "0")}`);
  ids = await newPoints(db, site.id, names);
  for (const day of DAYS) {
    await store(day, (i) => [1, 2, 3, 4].map((n) => [n * HOUR_MS + i, Math.fround(i / n + day)]));
    await settle(day);
  }
}

const store = (day: number, rowsOf: (point: number) => readonly (readonly number[])[]) => {
  const rows = ids.flatMap((id, i) =>
    rowsOf(i).map(([offset, value]) => [id, dayStart(day) + offset!, value!] as const),
  );
  return upsertSamples(db, pointSamples(rows));
};
async function settle(day: number, { hotDays = HOT_DAYS, now = NOW, through = db } = {}): Promise<void> {
  const build = { build: `build-${builds++}`, site, day };
  const { outcome } = await settleFromSegments({ db: through, bucket, hotDays, now: () => now }, build);
  expect(outcome).toBe("settled");
}
const late = (day: number) => store(day, (i) => (i === 5 ? [[5 * HOUR_MS, -1]] : []));
const all = (through = db, from: Parameters<typeof queriedDays>[1] = bucket) =>
  queriedDays(through, from, { site, first: FIRST, last: LAST });
const sweep = (now: number, hotDays = HOT_DAYS) => sweepKeptGroups(db, site.id, hotDays, now);
const keptDays = async () =>
  (await readManifest(db, site.id, FIRST, LAST + 1)).flatMap(({ day, keptId }) => (keptId === null ? [] : [day]));
const COUNTS = {
  kept_files: "SELECT count(*) AS n FROM kept_files",
  kept_groups: "SELECT count(*) AS n FROM kept_groups",
};
const count = (table: keyof typeof COUNTS) => db.prepare(COUNTS[table]).first<number>("n");

describe("kept row groups", () => {
  beforeAll(keptSite);

  test("answer without R2, and count no request", async () => {
    const { answer, lines } = await all();
    expect([answer.cold.requests, answer.samples, answer.partial]).toEqual([0, lines.length, false]);
    expect(lines).toHaveLength(POINTS * DAYS.length * 4);
    const lost = await all(db, LOST_BUCKET);
    expect([lost.lines, lost.answer.partial]).toEqual([lines, false]);
  });

  test("answer as R2 does, even if some are missing or damaged", async () => {
    const { lines } = await all();
    const { results: whole } = await db
      .prepare("SELECT key, hex(body) AS body FROM kept_groups ORDER BY key")
      .all<{ key: number; body: string }>();
    const days = await readManifest(db, site.id, FIRST, LAST + 1);
    const harm = fc.constantFrom("none", "none", "missing", "cut", "changed");
    await fc.assert(
      fc.asyncProperty(
        fc.array(harm, { minLength: whole.length, maxLength: whole.length }),
        fc.uniqueArray(fc.integer({ min: 0, max: POINTS - 1 }), { minLength: 1, maxLength: 12 }),
        async (harms, points) => {
          await db.batch([
            db.prepare("DELETE FROM kept_groups"),
            ...whole.flatMap(({ key, body }, i) => {
              const damaged = { none: body, missing: null, cut: body.slice(0, 20), changed: `FF${body.slice(2)}` }[
                harms[i]!
              ];
              if (damaged === null) return [];
              return [db.prepare("INSERT INTO kept_groups VALUES (?1, unhex(?2))").bind(key, damaged)];
            }),
          ]);
          const found = await queriedDays(db, bucket, { site, first: FIRST, last: LAST, points });
          const names = new Set(points.map((i) => `p/${String(i).padStart(2, "0")}`));
          expect(found.lines).toEqual(lines.filter((line) => names.has(line.split(" ")[0]!)));
          const isHarmed = new Map(whole.map(({ key }, i) => [key, harms[i] !== "none"]));
          const harmedDays = days.filter(({ keptId }) =>
            whole.some(
              ({ key }, at) =>
                Math.floor(key / 2 ** 32) === keptId &&
                isHarmed.get(key) &&
                points.some((i) => Math.floor(i / 12) === at % 3),
            ),
          );
          expect(found.answer.cold.requests).toBeGreaterThanOrEqual(harmedDays.length);
          expect(found.answer.cold.requests > 0).toBe(harmedDays.length > 0);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("the lifetime of kept row groups", () => {
  beforeEach(keptSite);

  test("those of older content are never used", async () => {
    await late(FIRST);
    await settle(FIRST, { hotDays: 0 });
    expect((await readManifestDay(db, site.id, FIRST))?.keptId).toBeNull();
    expect((await queriedDay(db, bucket, { site, day: FIRST })).filter((line) => line.endsWith(" -1"))).toHaveLength(1);
    const lost = await all(db, LOST_BUCKET);
    expect([...new Set(lost.answer.unreadable.map(({ day }) => day))]).toEqual([FIRST]);
  });

  test("a D1 failure while keeping them does not stop publication", async () => {
    await late(FIRST);
    let broken = 0;
    const failing = new Proxy(db, {
      get: (target, key): unknown => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]): unknown => {
          if (key === "prepare" && String(given[0]).includes("INSERT INTO kept_groups")) {
            broken++;
            throw new Error("D1 is full");
          }
          return Reflect.apply(member, target, given);
        };
      },
    });
    await settle(FIRST, { through: failing });
    expect([broken, await keptDays()]).toEqual([1, [FIRST + 1, LAST]]);
    expect(await queriedDay(db, bucket, { site, day: FIRST })).toHaveLength(POINTS * 4 + 1);
  });

  test("a day published with the same content keeps them unchanged", async () => {
    const before = await readManifestDay(db, site.id, FIRST);
    await store(FIRST, (i) => (i === 5 ? [[HOUR_MS + 5, Math.fround(5 + FIRST)]] : []));
    await settle(FIRST);
    const after = await readManifestDay(db, site.id, FIRST);
    expect([after?.keptId, after?.build === before?.build]).toEqual([before?.keptId, false]);
    expect(await count("kept_files")).toBe(3);
  });

  test("after HOT_DAYS they are unused, and an hour later deleted", async () => {
    // from this time on the first day is too old
    const aged = NOW + (HOT_DAYS - 2) * 24 * HOUR_MS;
    expect([await sweep(aged), await keptDays(), await count("kept_groups")]).toEqual([0, [LAST - 1, LAST], 9]);
    expect((await all()).lines).toHaveLength(POINTS * DAYS.length * 4);
    expect([await sweep(aged + HOUR_MS), await count("kept_groups")]).toEqual([0, 9]);
    expect([await sweep(aged + HOUR_MS + 1), await count("kept_groups"), await count("kept_files")]).toEqual([3, 6, 2]);
    expect((await all()).lines).toHaveLength(POINTS * DAYS.length * 4);
  });

  test("all are deleted when HOT_DAYS becomes 0", async () => {
    await sweep(NOW + HOUR_MS + 1, 0);
    await sweep(NOW + 3 * HOUR_MS, 0);
    expect([await count("kept_groups"), await count("kept_files")]).toEqual([0, 0]);
  });

  test("old content is deleted, but not during a possible publication", async () => {
    await late(FIRST);
    await settle(FIRST);
    // the day's next content is kept, but not yet published
    const next = { siteId: site.id, day: FIRST, sha256: "next", generation: 99 };
    const later = NOW + HOUR_MS + 1;
    const begun = await beginKeeping(db, next, later);
    await sweep(later);
    await sweep(later + HOUR_MS + 1);
    const { results } = await db.prepare("SELECT sha256 FROM kept_files WHERE day = ?1 ORDER BY id").bind(FIRST).all();
    expect(results).toEqual([{ sha256: (await readManifestDay(db, site.id, FIRST))?.file?.sha256 }]);
    expect([begun?.isWhole, await keptDays(), await count("kept_groups")]).toEqual([false, DAYS, 9]);
  });

  test("a superseded build never writes them", async () => {
    const { generation } = (await readManifestDay(db, site.id, FIRST))!;
    expect(await beginKeeping(db, { siteId: site.id, day: FIRST, sha256: "old", generation }, NOW)).toBeNull();
  });

  test("a sweep does not disturb readers, and the next one completes it", async () => {
    await late(FIRST);
    await settle(FIRST);
    const expected = (await all()).lines;
    const day = NOW + 24 * HOUR_MS;
    for (let nth = 0, calls = 1; nth < calls; nth++) {
      const crash = new CrashPoint(nth, "after", undefined, async () => expect((await all()).lines).toEqual(expected));
      await sweepKeptGroups(crash.database(db), site.id, 0, day + nth * 2 * HOUR_MS).catch(() => undefined);
      calls = crash.happened ? nth + 2 : nth + 1;
    }
    await sweep(day + 1000 * HOUR_MS, 0);
    await sweep(day + 1002 * HOUR_MS, 0);
    expect([await count("kept_groups"), await count("kept_files")]).toEqual([0, 0]);
    expect((await all()).lines).toEqual(expected);
  });
});
