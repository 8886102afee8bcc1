import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { BackfillDayWorld, SITE_CALL } from "../../test/backfill-day-world.ts";
import { type CrashKind, CrashPoint, isWrite } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase, migratedOtherDatabase } from "../../test/database.ts";
import { dayRows, keysOf } from "../../test/stored-day.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { readSyncStates } from "../sync/sync-state.ts";
import { appointNext } from "./instance-store.ts";
import { readJob } from "./job-store.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";

await vi.hoisted(() => import("../../test/module-factories.ts"));
// parts of a few hundred bytes, so that a small day's file has many parts
vi.mock(import("../r2/multipart-sink.ts"), async (original) => {
  const real = await original();
  class SmallSink extends real.MultipartSink {
    constructor(bucket: ConstructorParameters<typeof real.MultipartSink>[0], key: string) {
      super(bucket, key, 700);
    }
  }
  return { ...real, MultipartSink: SmallSink };
});

/** Each test runs several hundred instances. */
vi.setConfig({ testTimeout: 300_000 });

const FOREVER = Number.POSITIVE_INFINITY;
const alive = () => new CrashPoint(FOREVER, "before");

describe.each([
  ["with its jobs beside its samples", 1],
  ["with its jobs in another database", 2],
])("a day of a site %s", (_where, databases) => {
  let jobs: D1Database;
  let world: BackfillDayWorld;
  /** the day's rows as an uninterrupted run leaves them */
  let whole: unknown;
  /** the day's rows after a run in which the upstream fails */
  let failed: unknown;

  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    jobs = await migratedDatabase();
    await emptyDatabase();
    const db = databases === 1 ? jobs : await migratedOtherDatabase();
    // in that database another site has the id that the jobs use for this site
    if (db !== jobs) await readSyncStates(db, ["ses_other"]);
    world = await BackfillDayWorld.create(db, jobs);
    if ((world.stored.site.id === world.jobSiteId) !== (db === jobs))
      throw new Error("the site's ids must be equal only with one database");
  });

  const rows = () => dayRows(world.stored.db, { site: world.stored.site, day: world.day });

  /** Returns the day's outcome in the job, after checking that the site's manifest already has it. */
  async function requireNotAhead(): Promise<string> {
    const { db, site } = world.stored;
    const outcome = await jobs
      .prepare("SELECT outcome FROM backfill_days WHERE site_id = ?1 AND day = ?2")
      .bind(world.jobSiteId, world.day)
      .first("outcome");
    if (outcome !== "pending") {
      const manifest = await readManifestDay(db, site.id, world.day);
      if (outcome === "written") expect(manifest).toMatchObject({ state: "written", source: "api", reason: null });
      else expect(manifest).toMatchObject({ state: "written", source: "d1", reason: expect.any(String) });
    }
    return String(outcome);
  }

  async function expectEnd(end: "written" | "failed"): Promise<void> {
    expect(await requireNotAhead()).toBe(end);
    expect((await readJob(jobs))?.status).toBe(end === "written" ? "completed" : "failed");
    expect(await world.query()).toEqual(end === "written" ? world.after : world.before);
    expect(await rows()).toEqual(end === "written" ? whole : failed);
    expect(await keysOf(env.TIMESERIES, "")).toEqual([dayFileKey(world.stored.site.name, world.day)]);
    if (world.stored.db === jobs) return;
    // the jobs' database and the other site hold nothing of the day
    const counts =
      "SELECT (SELECT count(*) FROM day_files), (SELECT count(*) FROM block_days), (SELECT count(*) FROM points)";
    expect(await jobs.prepare(counts).raw()).toEqual([[0, 0, 0]]);
    expect(await world.stored.db.prepare("SELECT count(*) AS n FROM day_files").first("n")).toBe(1);
  }

  test("a query between two calls reads all of before, or all of after", async () => {
    const fresh = await world.reset();
    expect(await world.query()).toEqual(world.before);
    let isAfter = false;
    let queries = 0;
    const watched = new CrashPoint(
      FOREVER,
      "before",
      () => true,
      async () => {
        const found = await world.query();
        queries++;
        isAfter ||= found.length === world.after.length;
        expect(found).toEqual(isAfter ? world.after : world.before);
        if ((await requireNotAhead()) !== "pending") expect(isAfter).toBe(true);
      },
    );
    expect(await world.run(fresh, watched)).toBe(true);
    whole = await rows();
    await expectEnd("written");
    expect(queries).toBeGreaterThan(90);
    expect(isAfter).toBe(true);
    // an upload of several parts, and several pages of the upstream
    expect(world.parts.uploads[0]!.parts.length).toBeGreaterThan(2);
    for (const prefix of ["createMultipartUpload", "uploadPart", "complete", "body", "upstream"]) {
      expect(watched.made.filter((call) => call.startsWith(prefix)).length, prefix).toBeGreaterThan(0);
    }
    expect(watched.made.filter((call) => call === SITE_CALL).length).toBeGreaterThanOrEqual(databases === 1 ? 0 : 6);
    expect(world.parts.open).toBe(0);
  });

  // Between two writes an instance only reads. The first call of a step counts too, because the engine stores the step
  // before it.
  describe("an instance that dies after any write", () => {
    test("loses nothing, and ends the same when resumed", async () => {
      let nth = 0;
      for (; ; nth++) {
        const fresh = await world.reset();
        const crash = new CrashPoint(nth, "after", isWrite);
        const ended = await world.run(fresh, crash);
        const found = await world.query();
        expect(found).toEqual(found.length === world.after.length ? world.after : world.before);
        await requireNotAhead();
        if (!crash.happened) break;
        expect(ended).toBe(false);
        // a dead process cannot abort its upload; R2 does after a week, and no later run reuses it
        expect(world.parts.open).toBeLessThanOrEqual(1);
        const stale = world.parts.uploads.filter(({ state }) => state === "open");
        expect(await world.run(fresh, alive())).toBe(true);
        expect(world.parts.uploads.filter(({ state }) => state === "open")).toEqual(stale);
        await expectEnd("written");
      }
      expect(nth).toBeGreaterThan(20);
    });

    // with one database the resumed instance covers this case
    test.runIf(databases > 1)("while it publishes or marks: the next instance ends the same", async () => {
      let nth = 0;
      for (; ; nth++) {
        const fresh = await world.reset();
        let isPublishing = false;
        const crash = new CrashPoint(nth, "after", (call, writes) => {
          isPublishing ||= call.startsWith("head timeseries/") && world.parts.uploads.length > 0;
          return isPublishing && writes;
        });
        await world.run(fresh, crash);
        const found = await world.query();
        if (!crash.happened) break;
        const marked = await requireNotAhead();
        if (marked !== "pending") {
          expect(found).toEqual(world.after);
          continue;
        }
        expect(await appointNext(jobs, { backfillId: "backfill_1", epoch: 0 }, world.jobSiteId, 0, 1)).toBe(1);
        expect(await world.run(new MemoryEngine(), alive(), undefined, 1)).toBe(true);
        await expectEnd("written");
      }
      expect(nth).toBeGreaterThan(8);
    });

    test.runIf(databases > 1)("of a failing day: marks it only after the manifest has failed it", async () => {
      let nth = 0;
      const isDown = () => Promise.resolve(new Response("{}", { status: 401 }));
      for (; ; nth++) {
        const fresh = await world.reset();
        const crash = new CrashPoint(nth, "after", isWrite);
        await world.run(fresh, crash, undefined, 0, isDown);
        expect(await world.query()).toEqual(world.before);
        await requireNotAhead();
        if (crash.happened) expect(await world.run(fresh, alive(), undefined, 0, isDown)).toBe(true);
        failed ??= await rows();
        await expectEnd("failed");
        if (!crash.happened) break;
      }
      expect(nth).toBeGreaterThan(8);
    });
  });

  describe.each<CrashKind>(["before", "after"])(
    "a single failing call (%s it took effect) in a living process",
    (kind) => {
      test("leaves no upload behind", async () => {
        const watched = databases === 1 ? /^(?:createMultipartUpload|uploadPart|complete|abort) / : /^d1/;
        // A read has no effect, so failing before or after it is the same.
        const counted = (call: string, writes: boolean) => watched.test(call) && (kind === "before" || writes);
        let nth = 0;
        for (; ; nth++) {
          const fresh = await world.reset();
          const failure = new CrashPoint(nth, kind, counted, undefined, false);
          expect(await world.run(fresh, failure)).toBe(true);
          await expectEnd("written");
          if (!failure.happened) break;
          // if the answer to starting an upload is lost, its id is unknown
          const unknown = kind === "after" && failure.made[nth]!.startsWith("createMultipartUpload") ? 1 : 0;
          expect(world.parts.open).toBe(unknown);
        }
        expect(nth).toBeGreaterThan(4);
      });
    },
  );
});
