import { pruneAudit } from "@building-vitals/core/http/audit-store";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { sweepStaging } from "@building-vitals/core/r2/staging";
import { pruneDeadLetters } from "@building-vitals/core/sync/dead-letters";
import { pruneRuns } from "@building-vitals/core/sync/journal";
import { rotate } from "@building-vitals/core/sync/rotate";
import { log } from "@building-vitals/core/telemetry/log";
import { runQualityAlerts } from "./alerts.ts";
import type { Settings } from "./env.ts";
import { gapsLogged, repairGapsOfSites } from "./gaps.ts";
import { runSiteJobs } from "./run-site-jobs.ts";
import {
  askSilentPointsOf,
  type CronRun,
  judgeQuality,
  refreshCatalogOf,
  rollUpHoursOf,
  SILENT_BUDGET_MS,
} from "./site-jobs.ts";
import { answeringSites } from "./sites.ts";

/** A job of the hourly or the daily cron. */
interface Job {
  readonly every: "hour" | "day";
  /** @returns a description of each failure that did not stop the job */
  readonly run: (cron: CronRun) => Promise<readonly string[]>;
}

const MINUTE_MS = 60_000;

/** Age at which objects in staging are deleted, ms. Nothing uses the objects of a build that takes longer. */
const STAGING_KEPT_MS = 2 * DAY_MS;

/**
 * The jobs in order. An hourly cron may run for 15 minutes. A budget counts from the start of the cron: after it, no
 * other site begins. Gap repair has its own budget. Later hours begin with the remaining sites.
 */
const JOBS: readonly Job[] = [
  {
    every: "hour",
    run: forEachSite(4 * MINUTE_MS, [
      ["catalog", refreshCatalogOf],
      ["roll_up", rollUpHoursOf],
    ]),
  },
  { every: "hour", run: forEachSite(SILENT_BUDGET_MS, [["silent_points", askSilentPointsOf]]) },
  { every: "hour", run: repairDueGaps },
  { every: "hour", run: forEachSite(13 * MINUTE_MS, [["quality", judgeQuality]]) },
  { every: "hour", run: sendQualityAlerts },
  { every: "hour", run: pruneSyncRuns },
  { every: "day", run: forgetDeadLetters },
  { every: "day", run: forgetAudit },
  { every: "day", run: clearStaging },
];

/**
 * Runs the hourly or the daily jobs, one after the other. A database that does not answer affects only its own sites.
 * @param startedAt epoch ms
 * @throws Error that names what failed, so that Cloudflare marks the run as failed; an error that a job throws ends the
 * run
 */
export async function runJobs(settings: Settings, every: Job["every"], startedAt: number): Promise<void> {
  const { sites, databases, lost } = await answeringSites(settings);
  const rotated = rotate(sites, Math.floor(startedAt / HOUR_MS));
  const cron: CronRun = { settings, startedAt, sites: rotated, databases, silentStatements: 0 };
  const failed = lost.map((binding) => `the sites in ${binding}`);
  for (const job of JOBS) if (job.every === every) failed.push(...(await job.run(cron)));
  if (failed.length > 0) throw new Error(`not brought up to date: ${failed.join(", ")}`);
}

type Facts = Record<string, string | number>;
type NamedJob = readonly [name: string, run: (cron: CronRun, site: CronRun["sites"][number]) => Promise<Facts>];

/** Runs jobs for each site, and logs their results. */
function forEachSite(budgetMs: number, jobs: readonly [NamedJob, ...NamedJob[]]): Job["run"] {
  return async (cron) => {
    const logged = ([name, run]: NamedJob) => ({
      name,
      run: async (site: CronRun["sites"][number]) => log(name, { site: site.name, ...(await run(cron, site)) }),
    });
    const [first, ...others] = jobs;
    const deadline = cron.startedAt + budgetMs;
    const outcomes = await runSiteJobs(cron.sites, [logged(first), ...others.map(logged)], deadline);
    return outcomes.flatMap((outcome) => ("error" in outcome ? [`${outcome.job} of ${outcome.site}`] : []));
  };
}

async function repairDueGaps({ settings, databases }: CronRun): Promise<string[]> {
  const sites = databases.flatMap((database) => database.sites);
  const failed: string[] = [];
  for (const repaired of (await repairGapsOfSites(settings, sites, "due")).sites) {
    if ("error" in repaired) failed.push(`gaps of ${repaired.site}`);
    else log("gaps", gapsLogged(repaired));
  }
  return failed;
}

async function sendQualityAlerts({ settings, sites, startedAt }: CronRun): Promise<[]> {
  log("alerts", { sent: await runQualityAlerts(settings, sites, startedAt) });
  return [];
}

async function pruneSyncRuns({ databases, startedAt }: CronRun): Promise<[]> {
  for (const { db, sites } of databases) {
    const ids = sites.map(({ id }) => id);
    await pruneRuns(db, ids, startedAt);
  }
  return [];
}

async function forgetDeadLetters({ databases, startedAt }: CronRun): Promise<[]> {
  for (const { binding, db } of databases) {
    log("dead_letters_pruned", { database: binding, letters: await pruneDeadLetters(db, startedAt) });
  }
  return [];
}

async function forgetAudit({ settings, startedAt }: CronRun): Promise<[]> {
  log("audit_pruned", { entries: await pruneAudit(settings.DB, startedAt) });
  return [];
}

async function clearStaging({ settings, startedAt }: CronRun): Promise<[]> {
  log("staging_swept", { objects: await sweepStaging(settings.TIMESERIES, startedAt - STAGING_KEPT_MS) });
  return [];
}
