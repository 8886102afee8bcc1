import { logError } from "../telemetry/log.ts";
import { recordDeadLetters } from "./dead-letters.ts";
import { DeadLetterBuffer } from "./dead-letter-buffer.ts";
import { publishRun } from "./publish.ts";
import { recordSyncRun } from "./journal.ts";
import { isLagging, orderSites, pageSizeFor, runSchedule } from "./schedule.ts";
import { StageError } from "./stage-error.ts";
import { emptySiteResult, type SiteSyncResult, type SyncResult } from "./sync-result.ts";
import { type ScheduledSite, SyncRun, type SyncRunContext, type SyncedDatabase } from "./sync-run.ts";
import { readSyncStates, type SyncState } from "./sync-state.ts";

/**
 * Syncs sites, several side by side (schedule.ts), until all are done or the run's budget of time, requests or CPU is
 * spent; the next run starts with the rest. A failing site or database does not stop the others, even if it fails slowly in
 * every run.
 * @throws the error of D1 if the state of no site can be read: nothing was done
 */
export async function syncSites(context: SyncRunContext, databases: readonly SyncedDatabase[]): Promise<SyncResult> {
  const { now } = context;
  const started = now();
  const syncId = `sync_${started}_${crypto.randomUUID().slice(0, 8)}`;
  const states = await Promise.allSettled(databases.map(({ db, sites }) => readSyncStates(db, sites)));
  const lost = states.find((outcome) => outcome.status === "rejected");
  if (lost !== undefined && states.every(({ status }) => status === "rejected")) throw lost.reason;
  const isAlone = databases.flatMap(({ sites }) => sites).length === 1;
  const scheduled = databases.flatMap((database, i) => {
    const outcome = states[i]!;
    return outcome.status === "rejected" ? [] : scheduledSites(context, database, outcome.value, started, isAlone);
  });
  const isPaused = ({ database, name, state }: ScheduledSite) =>
    state.pause !== null || database.paused?.includes(name) === true;
  const [active, paused] = [scheduled.filter((site) => !isPaused(site)), scheduled.filter(isPaused)];
  const deadLetters = new Map(databases.map((database) => [database, new DeadLetterBuffer()]));
  const run = new SyncRun(context, deadLetters, started + context.budgetMs);
  const left = await runSchedule(
    orderSites(active),
    () => run.isSpent(),
    (site) => run.sync(site),
  );
  const unread = databases.flatMap(({ sites }, i) => {
    const outcome = states[i]!;
    return outcome.status === "rejected" ? sites.map((site) => unreadState(site, outcome.reason)) : [];
  });
  const result = {
    syncId,
    startTime: new Date(started).toISOString(),
    duration: now() - started,
    sitesLeft: left.length,
    sites: [
      ...run.results,
      ...left.map((site) => notBegun(site, "budget")),
      ...paused.map((site) => notBegun(site, "paused")),
      ...unread,
    ],
  };
  await recordResult(context, result, { active, left, deadLetters, started }, run);
  return result;
}

function scheduledSites(
  { settings }: SyncRunContext,
  database: SyncedDatabase,
  states: ReadonlyMap<string, SyncState>,
  now: number,
  isAlone: boolean,
): ScheduledSite[] {
  return [...states].map(([name, state]) => {
    const { recentRuns, watermark } = state;
    const pageSize = isAlone ? settings.pageSize : pageSizeFor(state, now, settings, settings.pageSize);
    return { name, database, state, recentRuns, watermark, isLagging: isLagging(state), pageSize };
  });
}

/** The sites of a run and its dead letters. */
interface RunSites {
  readonly active: readonly ScheduledSite[];
  /** those of `active` that did not start */
  readonly left: readonly ScheduledSite[];
  readonly deadLetters: ReadonlyMap<SyncedDatabase, DeadLetterBuffer>;
  /** epoch ms */
  readonly started: number;
}

/** Writes journal, dead letters and KV. Never throws: the samples are stored, so a failed journal is no failed run. */
async function recordResult(
  { kv, siteCount }: SyncRunContext,
  result: SyncResult,
  { active, left, deadLetters, started }: RunSites,
  { meanLatencyMs, counted }: SyncRun,
): Promise<void> {
  // A site that did not start gets no row, except before its first run: that row says since when it waits.
  const omitted = new Set(left.filter(({ recentRuns }) => recentRuns.length > 0).map(({ name }) => name));
  const isBegun = ({ incompleteBecause }: SiteSyncResult) => incompleteBecause !== "paused";
  const begun = new Set(result.sites.filter(isBegun).map(({ site }) => site));
  for (const { name } of left) begun.delete(name);
  const all = [...deadLetters.values()].flatMap((buffer) => buffer.deadLetters);
  const writes = [publishRun(kv, result, meanLatencyMs, { siteCount, begun }, all)];
  let firstDeadLetter = 0;
  for (const [database, { deadLetters: letters }] of deadLetters) {
    const sites = active.filter((site) => site.database === database && !omitted.has(site.name));
    const ids = new Map(sites.map(({ name, state }) => [name, state.siteId]));
    writes.push(
      recordSyncRun(database.db, result, ids, counted),
      recordDeadLetters(database.db, result.syncId, started, letters, firstDeadLetter),
    );
    firstDeadLetter += letters.length;
  }
  for (const outcome of await Promise.allSettled(writes)) {
    if (outcome.status === "rejected") logError("journal_failed", outcome.reason, { syncId: result.syncId });
  }
}

function notBegun({ name, watermark }: ScheduledSite, why: "budget" | "paused"): SiteSyncResult {
  const at = watermark === null ? null : new Date(watermark).toISOString();
  return { ...emptySiteResult(name), incompleteBecause: why, watermark: at };
}

function unreadState(site: string, reason: unknown): SiteSyncResult {
  logError("state_unread", reason, { site });
  const error = new StageError("state", reason).toSyncError();
  return { ...emptySiteResult(site), incompleteBecause: "error", errors: [error] };
}
