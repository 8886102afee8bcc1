import { createBuilding } from "@building-vitals/ace-simulator/building";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples } from "../../test/points.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { SmallParts } from "../../test/small-parts.ts";
import { dayRows, keysOf } from "../../test/stored-day.ts";
import { sourceSamples } from "../../test/stored-samples.ts";
import { SyncWorld } from "../../test/sync-world.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { archiveDay } from "../cold/archive-day.ts";
import { dayFileKey } from "../cold/day-file-key.ts";
import { DAY_MS, dayRange, dayStart } from "../domain/day.ts";
import { upsertSamples } from "../hot/upsert.ts";
import { refreshCatalog } from "../sync/refresh-catalog.ts";
import { createDayBuilder } from "./day-builder.ts";
import { appointNext } from "./instance-store.ts";
import { readJob, startJob } from "./job-store.ts";
import { MemoryEngine, ProcessDied } from "./memory-engine.ts";
import { runInstance } from "./run-instance.ts";
import type { Steps } from "./steps.ts";

await vi.hoisted(() => import("../../test/module-factories.ts"));
// parts of a few hundred bytes, so that the file of a small day has many
vi.mock(import("../cold/multipart-sink.ts"), async (original) => {
  const real = await original();
  class SmallSink extends real.MultipartSink {
    constructor(bucket: ConstructorParameters<typeof real.MultipartSink>[0], key: string) {
      super(bucket, key, 700);
    }
  }
  return { ...real, MultipartSink: SmallSink };
});

const DAY = 20_373;
const START = dayStart(DAY);
const source = createBuilding({
  seed: 3,
  site: "ses_crash",
  timezone: "America/Chicago",
  points: 5,
  collectInterval: 600,
});
const served = sourceSamples(source, dayRange(DAY));
const parts = new SmallParts(env.TIMESERIES);
const now = () => START + 3 * DAY_MS;

let db: D1Database;
let world: SyncWorld;
let site: { id: number; name: string };
/** of the point that has samples of its own before the upstream is asked */
let id: number;
/** an older file's samples: one that the upstream has otherwise, one that it has no more, one that is hot otherwise */
let old: Own[];
/** hot ones: one that the upstream has otherwise, one that the file has otherwise, one that nobody else has */
let hot: Own[];
/** what a query finds before the day is built from the upstream, and after */
let before: readonly string[];
let after: readonly string[];
/** has fetched all hours but the last */
let engine: MemoryEngine;
let spills: Map<string, ArrayBuffer>;
/** the day's rows as an uninterrupted run leaves them */
let whole: unknown;

type Own = [time: number, value: number];

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  db = await migratedDatabase();
  world = new SyncWorld({ db, source, now: now() });
  site = { id: (await world.state()).siteId, name: source.site.name };
  await refreshCatalog(db, world.client(), site.name, site.id, now());
  const name = served[0]!.split(" ")[0]!;
  id = (await loadCatalog(db, site.id)).get(name)!.id;
  const [first, second] = served
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => Number(line.split(" ")[1]));
  old = [
    [first!, -1],
    [START + 1, 2],
    [START + 2, 3],
  ];
  hot = [
    [second!, -4],
    [START + 2, 5],
    [START + 3, 6],
  ];
  const merged = (...levels: string[][]) => {
    const lines = levels.flat().map((line) => [line.slice(0, line.lastIndexOf(" ")), line] as const);
    return [...new Map(lines).values()].sort();
  };
  const linesOf = (own: Own[]) => own.map(([time, value]) => `${name} ${time} ${value}`);
  before = merged(linesOf(old), linesOf(hot));
  after = merged(linesOf(old), [...served], linesOf(hot));

  spills = new Map();
  engine = new MemoryEngine();
  await reset();
  const untilLastHour = (step: string) => {
    if (step.endsWith("hour 23")) throw new ProcessDied();
  };
  await run(engine, new CrashPoint(Number.POSITIVE_INFINITY, "before"), untilLastHour);
  for (const key of await keysOf(env.TIMESERIES, "staging/")) {
    spills.set(key, await (await env.TIMESERIES.get(key))!.arrayBuffer());
  }
  if (spills.size !== 23) throw new Error(`${spills.size} hours were fetched`);
});

const query = () => queriedDay(db, env.TIMESERIES, { site, day: DAY });
const store = (own: Own[]) => upsertSamples(db, pointSamples(own.map(([time, value]) => [id, time, value])));

/** Back to where the last hour is fetched. @returns the engine there */
async function reset(): Promise<MemoryEngine> {
  for (const table of ["backfill_days", "backfill_jobs", "sample_hours", "day_files", "point_days"]) {
    await db.exec(`DELETE FROM ${table}`);
  }
  await db.exec("UPDATE points SET first_seen = NULL, last_seen = NULL");
  const keys = await keysOf(env.TIMESERIES, "");
  if (keys.length > 0) await env.TIMESERIES.delete(keys);
  await store(old);
  const archived = await archiveDay({ db, bucket: parts.bucket, now }, { build: "old", site, day: DAY });
  expect(archived.outcome).toBe("archived");
  await store(hot);
  const range = { first: DAY, last: DAY };
  const job = await startJob(db, { backfillId: "backfill_1", range, siteIds: [site.id], selection: "all" }, now());
  await appointNext(db, job!, site.id, null, now());
  await Promise.all([...spills].map(([key, bytes]) => env.TIMESERIES.put(key, bytes)));
  parts.uploads.length = 0;
  return engine.copy();
}

/** Runs the instance in a process that lives as `crash` says. @returns whether it ended */
async function run(by: MemoryEngine, crash: CrashPoint, atStep: (name: string) => void = () => undefined) {
  const { upstream } = world;
  world.upstream = crash.upstream(upstream);
  const through = { db: crash.database(db), bucket: crash.bucket(parts.bucket) };
  const newClient = () => world.client();
  // whatever a dead process makes of its calls that fail, nobody hears of it
  const dying = (steps: Steps): Steps => ({
    do: (name, options, step) =>
      steps.do(name, options, async (attempt) => {
        atStep(name);
        const result = await step(attempt).catch((error: unknown) => {
          throw crash.happened && crash.lethal ? new ProcessDied() : error;
        });
        if (crash.happened && crash.lethal) throw new ProcessDied();
        return result;
      }),
  });
  return by
    .run((steps) =>
      runInstance(dying(steps), {
        db: through.db,
        kv: env.ETL_STATE,
        newClient,
        now,
        builder: createDayBuilder({ ...through, newClient, pageSize: 3, replaceSuspect: false, now }),
        ticket: { backfillId: "backfill_1", epoch: 0, site, number: 0 },
        start: () => Promise.reject(new Error("there is no next instance")),
      }),
    )
    .finally(() => {
      world.upstream = upstream;
    });
}

async function expectWhole(): Promise<void> {
  expect(await readJob(db)).toMatchObject({ status: "completed", reason: null });
  expect(await query()).toEqual(after);
  expect(await dayRows(db, { site, day: DAY })).toEqual(whole);
  expect(await keysOf(env.TIMESERIES, "")).toEqual([dayFileKey(site.name, DAY)]);
}

test("between any two calls a query finds all that was there before, and then all that there is after", async () => {
  const fresh = await reset();
  expect(await query()).toEqual(before);
  let isAfter = false;
  let queries = 0;
  const watched = new CrashPoint(
    Number.POSITIVE_INFINITY,
    "before",
    () => true,
    async () => {
      const found = await query();
      queries++;
      isAfter ||= found.length === after.length;
      expect(found).toEqual(isAfter ? after : before);
    },
  );
  expect(await run(fresh, watched)).toBe(true);
  whole = await dayRows(db, { site, day: DAY });
  await expectWhole();
  expect(queries).toBeGreaterThan(90);
  expect(isAfter).toBe(true);
  // an upload of several parts, and pages of the upstream
  expect(parts.uploads[0]!.parts.length).toBeGreaterThan(2);
  for (const what of ["createMultipartUpload", "uploadPart", "complete", "body", "upstream"]) {
    expect(watched.made.filter((call) => call.startsWith(what)).length, what).toBeGreaterThan(0);
  }
  expect(parts.open).toBe(0);
});

/** Dying before a read is dying after the call before it. The spills of all hours are read as two of them are. */
const countsOf = (kind: CrashKind) => (what: string) =>
  !(kind === "before" && /^(?:get|body|head|list) /.test(what)) && !/staging\/.*\/(?:0[1-9]|1\d|2[0-2])$/.test(what);

describe.each<CrashKind>(["before", "after"])("an instance that dies %s any call", (kind) => {
  test("loses and hides nothing; resumed, it ends as if it had not died", { timeout: 120_000 }, async () => {
    let nth = 0;
    for (; ; nth++) {
      const fresh = await reset();
      const crash = new CrashPoint(nth, kind, countsOf(kind));
      const ended = await run(fresh, crash);
      const found = await query();
      expect(found).toEqual(found.length === after.length ? after : before);
      if (!crash.happened) break;
      expect(ended).toBe(false);
      // the dead process can abort nothing: R2 does, after a week; nobody goes on with what it uploaded
      expect(parts.open).toBeLessThanOrEqual(1);
      const stale = parts.uploads.filter(({ state }) => state === "open");
      expect(await run(fresh, new CrashPoint(Number.POSITIVE_INFINITY, "before"))).toBe(true);
      expect(parts.uploads.filter(({ state }) => state === "open")).toEqual(stale);
      await expectWhole();
    }
    expect(nth).toBeGreaterThan(kind === "before" ? 25 : 40);
  });

  test("and a call that fails once, the process living on, leaves no upload behind", { timeout: 120_000 }, async () => {
    const uploading = (what: string) => /^(?:createMultipartUpload|uploadPart|complete|abort) /.test(what);
    let nth = 0;
    for (; ; nth++) {
      const fresh = await reset();
      const failure = new CrashPoint(nth, kind, uploading, undefined, false);
      expect(await run(fresh, failure)).toBe(true);
      await expectWhole();
      if (!failure.happened) break;
      // of an upload that was begun, and of which the answer was lost, nobody knows the id
      const unknown = kind === "after" && failure.made[nth]!.startsWith("createMultipartUpload") ? 1 : 0;
      expect(parts.open).toBe(unknown);
    }
    expect(nth).toBeGreaterThan(4);
  });
});
