import { DAY_MS } from "@building-vitals/core/domain/day";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { frontOf } from "@building-vitals/core/domain/lateness";
import { measureCadences } from "@building-vitals/core/catalog/cadence";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { judgeDays } from "@building-vitals/core/rebuild/judge-days";
import { sweepStaging } from "@building-vitals/core/r2/staging";
import { pruneAudit } from "@building-vitals/core/http/audit-store";
import { askSilentPoints } from "@building-vitals/core/gaps/ask-silent-points";
import { pruneDeadLetters } from "@building-vitals/core/sync/dead-letters";
import { pruneRuns } from "@building-vitals/core/sync/journal";
import { refreshCatalog } from "@building-vitals/core/catalog/refresh-catalog";
import { rotate } from "@building-vitals/core/sync/rotate";
import { log, logError } from "@building-vitals/core/telemetry/log";
import { runAlerts, runQualityAlerts } from "./alerts.ts";
import { countJob } from "./count-job.ts";
import type { Settings } from "./env.ts";
import { gapsLogged, gapsOf } from "./gaps.ts";
import { answeringSites, type StoredSite } from "./sites.ts";
import { runSync } from "./sync.ts";

/** The crons of wrangler.etl.toml. */
const SYNC_CRON = "*/5 * * * *";
const HOURLY_CRON = "6 * * * *";
const DAILY_CRON = "21 3 * * *";

/**
 * Of the 15 minutes of an hourly cron: when no other site's catalogue and fold is begun, no point by name, and no other site's quality;
 * the gaps have six minutes between. Sites that were left are begun first in a later hour.
 */
const CATALOG_BUDGET_MS = 4 * 60_000;
const SILENT_BUDGET_MS = 5 * 60_000;

/** Of the 1,000 statements of an invocation: a point that brought samples takes 14. */
const SILENT_STATEMENTS = 300;

const HOURLY_BUDGET_MS = 13 * 60_000;

/**
 * Does what a cron is for.
 * @throws for a cron that nobody knows: wrangler.etl.toml and this file then disagree; and with what a job failed, so
 * that the platform shows the run as failed
 */
export async function runCron(cron: string, settings: Settings): Promise<void> {
  switch (cron) {
    case SYNC_CRON: {
      const run = await runSync(settings);
      // one that was left has nothing to tell
      for (const site of run.sites.filter(({ apiCalls, errors }) => apiCalls > 0 || errors.length > 0)) {
        log("sync", {
          syncId: run.syncId,
          site: site.site,
          complete: site.complete,
          incompleteBecause: site.incompleteBecause,
          fetched: site.recordsFetched,
          inserted: site.recordsInserted,
          failed: site.recordsFailed,
          errors: site.errors.map((error) => error.message).join("; "),
        });
      }
      log("sync_ended", { syncId: run.syncId, ms: run.duration, sites: run.sites.length, left: run.sitesLeft });
      log("alerts", { told: await runAlerts(settings, run.duration, Date.now()) });
      return;
    }
    case HOURLY_CRON:
      return runHourly(settings, Date.now());
    case DAILY_CRON:
      return runDaily(settings);
    default:
      throw new Error(`no job for the cron ${JSON.stringify(cron)}`);
  }
}

/**
 * Refreshes each site's catalogue, folds its closed hours, looks after its gaps, and judges its full days with what came to
 * fill them; a failure does not stop the rest.
 * @param now epoch ms
 */
async function runHourly(settings: Settings, now: number): Promise<void> {
  const { TIMESERIES: bucket } = settings;
  const { sites: answering, databases, lost } = await answeringSites(settings);
  const sites = rotate(answering, Math.floor(now / HOUR_MS));
  const lookbackMs = settings.LOOKBACK_MINUTES * 60_000;
  const failed = lost.map((binding) => `the sites in ${binding}`);
  const attempt = async (job: string, { name }: StoredSite, run: () => Promise<Record<string, string | number>>) => {
    try {
      log(job, { site: name, ...(await run()) });
    } catch (error) {
      logError(`${job}_failed`, error, { site: name });
      failed.push(`${job} of ${name}`);
    }
  };
  const forEachInTime = async (job: string, budgetMs: number, run: (site: StoredSite) => Promise<void>) => {
    for (const [i, site] of sites.entries()) {
      if (Date.now() - now >= budgetMs) return log(`${job}_left`, { sites: sites.length - i });
      await run(site);
    }
  };
  await forEachInTime("catalog", CATALOG_BUDGET_MS, async (site) => {
    const { db, id, name, pause } = site;
    await attempt("catalog", site, async () => {
      const refresh = () =>
        countJob(settings, "lists", site, ({ db: counted, ace }) => refreshCatalog(counted, ace, name, id, now));
      const catalog = pause === null ? await refresh() : await loadCatalog(db, id);
      return { points: catalog.size, cadencesChanged: await measureCadences(db, id, now) };
    });
    await attempt("fold", site, async () => {
      const fold = await rollUpHours(db, id, lookbackMs, Date.now);
      if (fold.failed.length > 0) throw new Error(fold.failed.map(({ reason }) => reason).join("; "));
      return { folded: fold.rolledUp, rowsChanged: fold.rowsChanged, remaining: fold.remaining };
    });
  });
  let silentStatements = 0;
  await forEachInTime("silent_points", SILENT_BUDGET_MS, async (site) => {
    const { id, name, state, pause } = site;
    const front = pause === null ? frontOf(state) : null;
    await attempt("silent_points", site, () =>
      countJob(settings, "points", site, async ({ db, ace, tally }) => {
        const initialLookbackMs = settings.INITIAL_LOOKBACK_HOURS * HOUR_MS;
        const hasStatements = () => silentStatements + tally.get("d1_statements") < SILENT_STATEMENTS;
        const limits = { deadline: now + SILENT_BUDGET_MS, hasStatements };
        const { PAGE_SIZE: pageSize } = settings;
        const context = { db, bucket, ace, pageSize, initialLookbackMs, now: Date.now, ...limits };
        const { rejected, error, ...counts } = await askSilentPoints(context, { id, name }, front);
        silentStatements += tally.get("d1_statements");
        tally.addAll("samples", { inserted: counts.inserted, unchanged: counts.unchanged });
        tally.addAll("rejected", rejected);
        tally.add("failures:timeseries", error === null ? 0 : 1);
        return { ...counts, error: error ?? "" };
      }),
    );
  });
  for (const healed of (await gapsOf(settings, answering, "due")).sites) {
    if ("error" in healed) failed.push(`gaps of ${healed.site}`);
    else log("gaps", gapsLogged(healed));
  }
  await forEachInTime("quality", HOURLY_BUDGET_MS, (site) =>
    attempt("quality", site, async () => {
      const run = await judgeDays({ db: site.db, bucket, now: Date.now }, site.id, lookbackMs);
      if (run.failed.length > 0) throw new Error(run.failed.map(({ day, reason }) => `${day}: ${reason}`).join("; "));
      return { judged: run.judged, rowsChanged: run.rowsChanged, remaining: run.remaining };
    }),
  );
  log("alerts", { told: await runQualityAlerts(settings, sites, now) });
  for (const { db, sites: own } of databases) {
    await pruneRuns(
      db,
      own.map(({ id }) => id),
      now,
    );
  }
  if (failed.length > 0) throw new Error(`not brought up to date: ${failed.join(", ")}`);
}

/** How long a build may take from its first spill to its end, before what it staged counts as litter. */
const STAGING_KEPT_MS = 2 * DAY_MS;

/** Forgets old dead letters and audit entries, and what builds of days left in staging that died. */
async function runDaily(settings: Settings): Promise<void> {
  const now = Date.now();
  const { databases, lost } = await answeringSites(settings);
  for (const { binding, db } of databases) {
    log("dead_letters_pruned", { database: binding, letters: await pruneDeadLetters(db, now) });
  }
  log("audit_pruned", { entries: await pruneAudit(settings.DB, now) });
  log("staging_swept", { objects: await sweepStaging(settings.TIMESERIES, now - STAGING_KEPT_MS) });
  if (lost.length > 0)
    throw new Error(`not brought up to date: ${lost.map((one) => `the sites in ${one}`).join(", ")}`);
}
