import { measureCadences } from "@building-vitals/core/catalog/cadence";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { refreshCatalog } from "@building-vitals/core/catalog/refresh-catalog";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { frontOf } from "@building-vitals/core/domain/lateness";
import { askSilentPoints } from "@building-vitals/core/gaps/ask-silent-points";
import { judgeDays } from "@building-vitals/core/rebuild/judge-days";
import { countJob } from "./count-job.ts";
import type { Settings } from "./env.ts";
import type { StoredSite, StoredSites } from "./sites.ts";

/** A run of the hourly or the daily cron. */
export interface CronRun {
  readonly settings: Settings;
  /** epoch ms */
  readonly startedAt: number;
  /** the sites whose databases answer, rotated by one each hour */
  readonly sites: readonly StoredSite[];
  readonly databases: readonly StoredSites[];
  /** statements that {@link askSilentPointsOf} has used; at most {@link MAX_SILENT_STATEMENTS} */
  silentStatements: number;
}

type LogFields = Record<string, string | number>;

/** After this time from the start of the cron, ms, no request by name begins. */
export const SILENT_BUDGET_MS = 5 * 60_000;

/** Share of the 1,000 statements of an invocation. A point with recovered samples takes 14. */
const MAX_SILENT_STATEMENTS = 300;

/** Refreshes the catalogue, unless the site is paused, and measures the cadences of its points. */
export async function refreshCatalogOf({ settings, startedAt }: CronRun, site: StoredSite): Promise<LogFields> {
  const { db, id, name, pause } = site;
  const refresh = () =>
    countJob(settings, "lists", site, ({ db: counted, ace }) => refreshCatalog(counted, ace, name, id, startedAt));
  const catalog = pause === null ? await refresh() : await loadCatalog(db, id);
  return { points: catalog.size, cadencesChanged: await measureCadences(db, id, startedAt) };
}

/** Computes the hourly aggregates of closed hours. */
export async function rollUpHoursOf({ settings }: CronRun, { db, id }: StoredSite): Promise<LogFields> {
  const done = await rollUpHours(db, id, settings.LOOKBACK_MINUTES * 60_000, Date.now);
  if (done.failed.length > 0) throw new Error(done.failed.map(({ reason }) => reason).join("; "));
  return { hours: done.rolledUp, rowsChanged: done.rowsChanged, remaining: done.remaining };
}

/** Asks the API for silent points by name. All sites of a run share the statements. */
export async function askSilentPointsOf(cron: CronRun, site: StoredSite): Promise<LogFields> {
  const { settings, startedAt } = cron;
  const { id, name, state, pause } = site;
  return countJob(settings, "points", site, async ({ db, ace, tally }) => {
    const context = {
      db,
      ace,
      bucket: settings.TIMESERIES,
      pageSize: settings.PAGE_SIZE,
      initialLookbackMs: settings.INITIAL_LOOKBACK_HOURS * HOUR_MS,
      now: Date.now,
      deadline: startedAt + SILENT_BUDGET_MS,
      hasStatements: () => cron.silentStatements + tally.get("d1_statements") < MAX_SILENT_STATEMENTS,
    };
    const front = pause === null ? frontOf(state) : null;
    const { rejected, error, ...counts } = await askSilentPoints(context, { id, name }, front);
    cron.silentStatements += tally.get("d1_statements");
    tally.addAll("samples", { inserted: counts.inserted, unchanged: counts.unchanged });
    tally.addAll("rejected", rejected);
    tally.add("failures:timeseries", error === null ? 0 : 1);
    return { ...counts, error: error ?? "" };
  });
}

/** Judges the quality of full days, and of days that changed since their last judgement. */
export async function judgeQuality({ settings }: CronRun, { db, id }: StoredSite): Promise<LogFields> {
  const { TIMESERIES: bucket, LOOKBACK_MINUTES: minutes } = settings;
  const done = await judgeDays({ db, bucket, now: Date.now }, id, minutes * 60_000);
  if (done.failed.length > 0) throw new Error(done.failed.map(({ day, reason }) => `${day}: ${reason}`).join("; "));
  return { judged: done.judged, rowsChanged: done.rowsChanged, remaining: done.remaining };
}
