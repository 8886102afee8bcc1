import type { SiteStore } from "@building-vitals/core/backfill/backfill-site";
import { sweepKeptGroups } from "@building-vitals/core/store/sweep-kept-groups";
import { byDatabase } from "@building-vitals/core/d1/site-databases";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";
import { beginMonth } from "./months.ts";

/** Interval of the cron, ms. */
const TURN_MS = 300_000;

/** The jobs of a site's slot, each with the event that logs its failure. */
const JOBS: readonly {
  readonly failure: string;
  readonly run: (settings: Settings, store: SiteStore, config: SiteConfig, now: number) => Promise<unknown>;
}[] = [
  // deletes row groups that D1 no longer needs
  {
    failure: "kept_groups_not_swept",
    run: ({ HOT_DAYS }, { db, site }, _, now) => sweepKeptGroups(db, site.id, HOT_DAYS, now),
  },
  { failure: "month_not_begun", run: (settings, store, config) => beginMonth(settings, store, config) },
];

/**
 * Maintains one site of each database per run, in rotation, so that a run stays within its statements.
 * @param now epoch ms
 * @throws Error that names the failed sites, so that Cloudflare marks the run as failed
 */
export async function maintainOneSite(settings: Settings, now: number): Promise<void> {
  const failed: string[] = [];
  for (const { binding, db, sites } of byDatabase(settings, settings.SITES)) {
    const config = sites[Math.floor(now / TURN_MS) % sites.length];
    if (config === undefined) continue;
    const { name } = config;
    const fail = (event: string, error: unknown) => {
      logError(event, error, { site: name, database: binding });
      failed.push(name);
    };
    try {
      const state = (await readSyncStates(db, [name])).get(name);
      if (state === undefined) continue;
      const store = { db, site: { id: state.siteId, name } };
      for (const { failure, run } of JOBS)
        await run(settings, store, config, now).catch((error: unknown) => fail(failure, error));
    } catch (error) {
      fail("database_lost", error);
    }
  }
  if (failed.length > 0) throw new Error(`maintenance failed for: ${failed.join(", ")}`);
}
