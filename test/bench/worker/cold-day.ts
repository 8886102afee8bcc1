import { createBuilding } from "@building-vitals/ace-simulator/building";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { AdaptivePageSize } from "@building-vitals/core/ace/adaptive-page-size";
import { createAceClient } from "@building-vitals/core/ace/client";
import { mergeDay, type MergeContext } from "@building-vitals/core/cold/merge-day";
import { spillApiHour } from "@building-vitals/core/cold/spill-api-hour";
import { type DayBuild, stagedFileKey } from "@building-vitals/core/cold/staging";
import { refreshCatalog } from "@building-vitals/core/catalog/refresh-catalog";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { BenchSize } from "../size.ts";

/** The schema is applied by the caller. */
export interface ColdBenchEnv {
  readonly COLD: D1Database;
  readonly TIMESERIES: R2Bucket;
  readonly SIZE: BenchSize;
}

const SITE = "ses_falls_city";
const DAY = 20_000;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const KEY = "bench";

async function dayBuild(env: ColdBenchEnv): Promise<DayBuild> {
  const state = (await readSyncStates(env.COLD, [SITE])).get(SITE);
  if (state === undefined) throw new Error("no site");
  return { build: "bench", site: { id: state.siteId, name: SITE }, day: DAY };
}

/** Fetches a day of an invented building, a sample a minute and point, into its 24 spills. */
export async function spillDay(env: ColdBenchEnv): Promise<void> {
  const options = { points: env.SIZE.points, unconfiguredPoints: 0, collectInterval: 60, weather: false } as const;
  const source = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", ...options });
  const simulator = createSimulator({ sources: [source], apiKey: KEY, now: Date.now });
  const fetch = (url: string, init: RequestInit) => simulator.fetch(new Request(url, init));
  const ace = createAceClient({ baseUrl: "http://ace.bench/api", apiKey: KEY, fetch });
  const pageSize = new AdaptivePageSize(100_000, null, Date.now);
  const of = await dayBuild(env);
  await refreshCatalog(env.COLD, ace, SITE, of.site.id, Date.now());
  for (const hour of HOURS) {
    await spillApiHour({ db: env.COLD, bucket: env.TIMESERIES, ace, pageSize, now: Date.now }, of, hour);
  }
}

/** Merges the spills into a verified day file: what a Worker has 128 MB and 30 s of CPU for. */
export async function mergeSpills(env: ColdBenchEnv): Promise<{ key: string; rows: number; bytes: number }> {
  const of = await dayBuild(env);
  const r2 = env.TIMESERIES;
  const bucket: MergeContext["bucket"] = {
    // A pause, in which the inspector is answered: it is not while the Worker computes.
    get: async (key, options) => {
      await scheduler.wait(1);
      return r2.get(key, options);
    },
    head: (key) => r2.head(key),
    put: r2.put.bind(r2),
    createMultipartUpload: (key) => r2.createMultipartUpload(key),
  };
  const staged = await mergeDay({ db: env.COLD, bucket }, of, { source: "api", hours: HOURS });
  if (staged.file === null) throw new Error("the day is empty");
  return { key: stagedFileKey(of), rows: staged.file.rows, bytes: staged.file.bytes };
}
