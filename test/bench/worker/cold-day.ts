import { createBuilding } from "@building-vitals/ace-simulator/building";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { AdaptivePageSize } from "@building-vitals/core/ace/adaptive-page-size";
import { type AceClient, createAceClient } from "@building-vitals/core/ace/client";
import { createDayBuilder } from "@building-vitals/core/backfill/day-builder";
import { mergeDay, type MergeContext } from "@building-vitals/core/day-build/merge-day";
import { publishDay } from "@building-vitals/core/day-build/publish-day";
import { spillApiHour } from "@building-vitals/core/day-build/spill-api-hour";
import { type DayBuild, spillKey, stagedFileKey } from "@building-vitals/core/r2/staging";
import { refreshCatalog } from "@building-vitals/core/catalog/refresh-catalog";
import { storeSamples } from "@building-vitals/core/store/store-samples";
import { meteredDatabase } from "@building-vitals/core/test/metered-database";
import { dayStart } from "@building-vitals/core/domain/day";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { BenchSize } from "../size.ts";
import { benchSamples } from "./samples.ts";

/** The caller applies the schema. */
export interface ColdBenchEnv {
  readonly COLD: D1Database;
  readonly TIMESERIES: R2Bucket;
  readonly SIZE: BenchSize;
}

const SITE = "ses_falls_city";
const DAY = 20_000;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const KEY = "bench";
const MINUTES_PER_DAY = 1_440;
const MINUTES_PER_SYNC = 5;

/** The rows of building or settling a day. */
interface Work {
  /** samples of the day's file */
  readonly rows: number;
  /** D1 rows written by the largest transaction */
  readonly largest: number;
}

/** @returns the database, and a function that gives the rows of its largest transaction so far */
function metered(db: D1Database) {
  let most = 0;
  return { db: meteredDatabase(db, ({ rows }) => (most = Math.max(most, rows))), largest: () => most };
}

async function dayBuild(env: ColdBenchEnv, build = "bench"): Promise<DayBuild> {
  const state = (await readSyncStates(env.COLD, [SITE])).get(SITE);
  if (state === undefined) throw new Error("no site");
  return { build, site: { id: state.siteId, name: SITE }, day: DAY };
}

/** The API of an invented building, with a sample a minute and point. Its rows and texts are in this isolate too. */
function createClient(env: ColdBenchEnv): AceClient {
  const options = { points: env.SIZE.points, unconfiguredPoints: 0, collectInterval: 60, weather: false } as const;
  const source = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", ...options });
  const simulator = createSimulator({ sources: [source], apiKey: KEY, now: Date.now });
  const fetch = (url: string, init: RequestInit) => simulator.fetch(new Request(url, init));
  return createAceClient({ baseUrl: "http://ace.bench/api", apiKey: KEY, fetch });
}

/** Applies the point list, and fetches a day into its 24 spills. */
export async function spillDay(env: ColdBenchEnv): Promise<Work> {
  const { db, largest } = metered(env.COLD);
  const ace = createClient(env);
  const pageSize = new AdaptivePageSize(100_000, null, Date.now);
  const of = await dayBuild(env);
  await refreshCatalog(db, ace, SITE, of.site.id, Date.now());
  let rows = 0;
  for (const hour of HOURS) {
    rows += (await spillApiHour({ db, bucket: env.TIMESERIES, ace, pageSize, now: Date.now }, of, hour)).records;
  }
  return { rows, largest: largest() };
}

/**
 * Yields before each read, because the inspector cannot answer while the Worker computes.
 * @param onCall runs at each call
 */
export function unhurried(r2: R2Bucket, onCall: () => void = () => {}): R2Bucket {
  return new Proxy(r2, {
    get: (target, key) => {
      onCall();
      if (key !== "get") return Reflect.get(target, key).bind(target) as unknown;
      return async (...args: Parameters<R2Bucket["get"]>) => {
        await scheduler.wait(1);
        return target.get(...args);
      };
    },
  });
}

/** Merges the spills into a verified day file. A Worker has 128 MB and 30 s of CPU for this. */
export async function mergeSpills(env: ColdBenchEnv): Promise<{ key: string; rows: number; bytes: number }> {
  const of = await dayBuild(env);
  const context: MergeContext = { db: env.COLD, bucket: unhurried(env.TIMESERIES) };
  const staged = await mergeDay(context, of, { source: "api", hours: HOURS });
  if (staged.file === null) throw new Error("bench day: expected rows in its spills, found none");
  return { key: stagedFileKey(of), rows: staged.file.rows, bytes: staged.file.bytes };
}

/** The state before the second settling: every sample in a segment of its own sync, and the first settling's file. */
export async function storeDay(env: ColdBenchEnv): Promise<Work> {
  const of = await dayBuild(env);
  const { db, largest } = metered(env.COLD);
  const store = { db, siteId: of.site.id, now: Date.now };
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += MINUTES_PER_SYNC) {
    const samples = benchSamples(env.SIZE.points, dayStart(DAY), [minute, minute + MINUTES_PER_SYNC]);
    await storeSamples(store, samples, dayStart(DAY) + minute);
  }
  const context = { db, bucket: env.TIMESERIES, hotDays: 0, now: Date.now };
  const first = await dayBuild(env, "first");
  for (const hour of HOURS) {
    const spill = await env.TIMESERIES.get(spillKey(of, hour));
    await env.TIMESERIES.put(spillKey(first, hour), await spill!.arrayBuffer());
  }
  const staged = await mergeDay(context, first, { source: "api", hours: HOURS });
  const published = await publishDay(context, first, staged);
  if (published?.state !== "written") throw new Error("bench day: its first file was not published");
  return { rows: published.records, largest: largest() };
}

/**
 * Settles the day: fetches its hours, spills its segments, merges both with the present file, publishes the new file
 * and keeps its row groups in D1. The memory of a step stays in use during the next.
 */
export async function settleDay(env: ColdBenchEnv): Promise<Work> {
  const ace = createClient(env);
  const { db, largest } = metered(env.COLD);
  const builder = createDayBuilder({
    db,
    bucket: unhurried(env.TIMESERIES),
    newClient: () => ace,
    pageSize: 100_000,
    replaceSuspect: false,
    hotDays: 20,
    now: () => dayStart(DAY + 2),
  });
  const of = await dayBuild(env);
  const asked: number[] = [];
  for (const hour of HOURS) asked.push((await builder.fetchHour(of, hour)).asked);
  const staged = await builder.mergeDay(of, asked);
  if (staged.file === null || staged.settledStamp === 0)
    throw new Error("bench day: expected a file settled from segments");
  const published = await builder.publishDay(of, staged);
  if (published?.state !== "written")
    throw new Error(`bench day: expected a published file, found ${published?.state ?? "a later build"}`);
  return { rows: published.records, largest: largest() };
}
