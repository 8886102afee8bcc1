import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CrashPoint, isWrite } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { LOST_BUCKET, queriedDay } from "../../test/queried-day.ts";
import { dayRows, keysOf, storedDay } from "../../test/stored-day.ts";
import { sourceSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { RejectionCounts } from "../domain/rejection.ts";
import { DAY_MS, dayRange, dayStart } from "../domain/day.ts";
import { upsertSamples } from "../../test/store.ts";
import { refreshCatalog } from "../catalog/refresh-catalog.ts";
import { settleFromSegments } from "./settle-from-segments.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { mergeDay } from "./merge-day.ts";
import { publishDay } from "./publish-day.ts";
import { encodeSpill } from "./spill-format.ts";
import { spillApiHour } from "./spill-api-hour.ts";
import type { StagedDay } from "../manifest/staged-day.ts";
import { type DayBuild, spillKey, stagedFileKey } from "../r2/staging.ts";

const DAY = 20_373;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const bucket = env.TIMESERIES;
const source = createBuilding({
  seed: 3,
  site: "ses_build",
  timezone: "America/Chicago",
  points: 9,
  collectInterval: 600,
});
const expected = sourceSamples(source, dayRange(DAY));
const now = () => dayStart(DAY) + 3 * DAY_MS;
const hotDays = 20;

let db: D1Database;
let world: SyncWorld;
let build: DayBuild;
const spills = new Map<number, Uint8Array<ArrayBuffer>>();
let staged: StagedDay;
let file: Uint8Array;
let rows: unknown;

beforeAll(async () => {
  db = await migratedDatabase();
  world = new SyncWorld({ db, source, now: now() });
  const { siteId: id } = await world.state();
  await refreshCatalog(db, world.client(), source.site.name, id, 1);
  build = { build: "build_1", site: { id, name: source.site.name }, day: DAY };
  for (const hour of HOURS) await fetchHour(hour);
  for (const hour of HOURS) spills.set(hour, await bytesOf(spillKey(build, hour)));
  staged = await merge();
  file = await bytesOf(stagedFileKey(build));
  await publish();
  rows = await dayRows(db, build);
});

async function putHours(): Promise<void> {
  await db.exec(
    "DELETE FROM segments; DELETE FROM block_latest; DELETE FROM hot_hours; DELETE FROM day_files; DELETE FROM kept_files; DELETE FROM kept_groups; DELETE FROM block_days; UPDATE points SET first_seen = NULL, last_seen = NULL",
  );
  const keys = await keysOf(bucket, "");
  if (keys.length > 0) await bucket.delete(keys);
  await Promise.all([...spills].map(([hour, bytes]) => bucket.put(spillKey(build, hour), bytes)));
}

const reset = preparedStorage(putHours, bucket, [env.DB]);
beforeEach(reset);

async function bytesOf(key: string): Promise<Uint8Array<ArrayBuffer>> {
  const object = await bucket.get(key);
  if (object === null) throw new Error(`${key} is not there`);
  return new Uint8Array(await object.arrayBuffer());
}

const context = () => ({ db, bucket, hotDays, now });
const alive = { database: (real: D1Database) => real, bucket: (real: R2Bucket) => real };
const fetchHour = (hour: number, through: Pick<CrashPoint, "database" | "bucket"> = alive) =>
  spillApiHour(
    {
      db: through.database(db),
      bucket: through.bucket(bucket),
      ace: world.client(),
      pageSize: new AdaptivePageSize(50, null, now),
      now,
    },
    build,
    hour,
  );
const merge = (through: Pick<CrashPoint, "database" | "bucket"> = alive) =>
  mergeDay({ db: through.database(db), bucket: through.bucket(bucket) }, build, { source: "api", hours: HOURS });
const publish = (through: Pick<CrashPoint, "database" | "bucket"> = alive) =>
  publishDay({ db: through.database(db), bucket: through.bucket(bucket), hotDays, now }, build, staged);

/**
 * Runs a step once for each of its writes, stops it after that write, and passes the state to the check. @returns
 * writes
 */
async function dieEverywhere(
  prepare: () => Promise<unknown>,
  step: (through: CrashPoint) => Promise<unknown>,
  check: () => Promise<void>,
): Promise<number> {
  for (let nth = 0; ; nth++) {
    await prepare();
    const crash = new CrashPoint(nth, "after", isWrite);
    const died = await step(crash).then(
      () => false,
      () => true,
    );
    if (!crash.happened) return nth;
    expect(died).toBe(true);
    await check();
  }
}

test("an uninterrupted build has all samples of the upstream", async () => {
  await merge();
  expect(await publish()).toEqual({ state: "written", records: expected.length, key: staged.key, reason: null });
  expect(await storedDay(db, bucket, build)).toEqual(expected);
  expect(await keysOf(bucket, "staging/")).toEqual([]);
});

/** Reads between two writes change nothing, so the state after each write covers them. */
describe("a build of a day that stops after any of its writes", () => {
  test("fetches the hour again if it stopped while fetching", async () => {
    let calls = 0;
    const { upstream } = world;
    for (const hour of HOURS) {
      const drop = () => bucket.delete(spillKey(build, hour));
      calls += await dieEverywhere(
        drop,
        (through) => {
          world.upstream = through.upstream(upstream);
          return fetchHour(hour, through);
        },
        async () => {
          world.upstream = upstream;
          expect(await fetchHour(hour)).toMatchObject({ records: expect.any(Number), retries: 0 });
          expect(await bytesOf(spillKey(build, hour))).toEqual(spills.get(hour));
        },
      );
      world.upstream = upstream;
    }
    expect(calls).toBe(24);
  });

  test("merges again if it stopped while merging", async () => {
    const calls = await dieEverywhere(reset, merge, async () => {
      expect(await storedDay(db, bucket, build)).toEqual([]);
      // each merge leaves its own mark
      expect({ ...(await merge()), mark: staged.mark }).toEqual(staged);
      expect(await bytesOf(stagedFileKey(build))).toEqual(file);
    });
    expect(calls).toBeGreaterThan(0);
  });

  test("publishes again if it stopped while publishing; readers see all or none", async () => {
    const prepare = async () => {
      await reset();
      await merge();
    };
    const calls = await dieEverywhere(prepare, publish, async () => {
      expect([0, expected.length]).toContain((await storedDay(db, bucket, build)).length);
      expect(await publish()).toEqual({ state: "written", records: expected.length, key: staged.key, reason: null });
      expect(await storedDay(db, bucket, build)).toEqual(expected);
      expect(await dayRows(db, build)).toEqual(rows);
      expect(await bytesOf(staged.key)).toEqual(file);
      expect(await queriedDay(db, LOST_BUCKET, build)).toEqual(expected);
      expect(await keysOf(bucket, "")).toEqual([dayFileKey(build.site.name, DAY)]);
      expect((await readManifestDay(db, build.site.id, DAY))?.pending).toEqual(new Map());
    });
    expect(calls).toBeGreaterThan(3);
  });
});

describe("the base of a merge", () => {
  test("keeps samples that the API no longer serves; the newer fetch wins", async () => {
    // A file from the hot level: one sample exists only there, and the upstream has another value for the second.
    const [line] = expected;
    const [name, time] = line!.split(" ");
    const id = (await loadCatalog(db, build.site.id)).get(name!)!.id;
    await upsertSamples(
      db,
      pointSamples([
        [id, Number(time), -999],
        [id, dayStart(DAY) + 1, 5],
      ]),
    );
    const settled = await settleFromSegments(context(), { ...build, build: "archive_1" });
    expect(settled).toMatchObject({ outcome: "settled", samples: 2 });
    const over = await merge();
    expect(await publishDay(context(), build, over)).toMatchObject({ records: expected.length + 1 });
    expect(await storedDay(db, bucket, build)).toEqual([...expected, `${name} ${dayStart(DAY) + 1} 5`].sort());
    expect(await readManifestDay(db, build.site.id, DAY)).toMatchObject({ source: "api", generation: 2 });
  });

  test("refuses to publish over another build; a new merge contains both", async () => {
    const over = await merge();
    const id = [...(await loadCatalog(db, build.site.id)).values()].find((point) => point.configured)!;
    await upsertSamples(db, pointSamples([[id.id, dayStart(DAY) + 1, 5]]));
    await settleFromSegments(context(), { ...build, build: "archive_2" });
    expect(await publishDay(context(), build, over)).toBeNull();
    expect(await storedDay(db, bucket, build)).toEqual([`${id.name} ${dayStart(DAY) + 1} 5`]);
    expect(await publishDay(context(), build, await merge())).toMatchObject({ records: expected.length + 1 });
    expect(await storedDay(db, bucket, build)).toHaveLength(expected.length + 1);
  });

  test("does not read a foreign file, and replaces it only on request", async () => {
    await bucket.put(staged.key, "not what was written");
    const refused = await merge();
    expect(await publishDay(context(), build, refused)).toMatchObject({ state: "suspect", key: null });
    expect(await readManifestDay(db, build.site.id, DAY)).toMatchObject({ state: "suspect" });
    await reset();
    await bucket.put(staged.key, "not what was written");
    const anew = await mergeDay({ db, bucket }, build, { source: "api", hours: HOURS, replaceSuspect: true });
    expect(await publishDay(context(), build, anew)).toMatchObject({ state: "written" });
    expect(await storedDay(db, bucket, build)).toEqual(expected);
  });
});

describe("a day without samples", () => {
  const nothing = {
    pointIds: new Int32Array(),
    names: 0,
    rows: new Int32Array(),
    times: new Float64Array(),
    values: new Float64Array(),
  };
  const serve = (records: number, rejected: RejectionCounts) =>
    Promise.all(
      HOURS.map((hour) => {
        const spill = encodeSpill(dayStart(DAY) + hour * HOUR_MS, nothing, { records, rejected });
        return bucket.put(spillKey(build, hour), spill);
      }),
    );

  test("is confirmed empty, with no file, once the upstream proved every hour", async () => {
    await serve(1, { null: 1 });
    const empty = await merge();
    for (let again = 0; again < 2; again++) {
      expect(await publishDay(context(), build, empty)).toEqual({
        state: "confirmed-empty",
        records: 0,
        key: null,
        reason: null,
      });
    }
    expect(await readManifestDay(db, build.site.id, DAY)).toMatchObject({
      state: "confirmed-empty",
      file: null,
      source: "api",
    });
    expect(await keysOf(bucket, "")).toEqual([]);
  });

  test("is not confirmed empty if rejected records might be samples", async () => {
    await serve(3, { unconfigured: 2, bad_time: 1 });
    await expect(merge()).rejects.toThrow(
      "none of the records that the upstream served could be stored: 48 unconfigured, 24 bad_time",
    );
  });

  test("is not confirmed empty if an hour is missing", async () => {
    await serve(0, {});
    const some = { source: "api", hours: HOURS.slice(1) } as const;
    await expect(mergeDay({ db, bucket }, build, some)).rejects.toThrow("without a proof that the day is empty");
  });

  test("is not published as empty over a file that came meanwhile", async () => {
    await serve(0, {});
    const empty = await merge();
    const point = [...(await loadCatalog(db, build.site.id)).values()].find(({ configured }) => configured)!;
    await upsertSamples(db, pointSamples([[point.id, dayStart(DAY) + 1, 5]]));
    await settleFromSegments(context(), { ...build, build: "archive_3" });
    expect(await publishDay(context(), build, empty)).toBeNull();
    expect(await publishDay(context(), build, await merge())).toMatchObject({ state: "written", records: 1 });
  });
});

test("a day with missing hours is not merged", async () => {
  await bucket.delete(spillKey(build, 13));
  await expect(merge()).rejects.toThrow("/13: there is no such file");
});

test("an hour without proof that it ended has no spill", async () => {
  await bucket.delete(spillKey(build, 5));
  const { upstream } = world;
  world.upstream = () => Promise.resolve(Response.json({ point_samples: [] }));
  await expect(fetchHour(5)).rejects.toThrow("does not prove that it is the last");
  world.upstream = upstream;
  expect(await bucket.head(spillKey(build, 5))).toBeNull();
});
