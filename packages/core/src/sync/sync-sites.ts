import type { AceClient } from "../ace/client.ts";
import type { SiteConfig } from "../domain/site.ts";
import { logError } from "../telemetry/log.ts";
import { recordLetters } from "./dead-letters.ts";
import { LetterBox } from "./letter-box.ts";
import { publishRun } from "./publish.ts";
import { recordRun } from "./journal.ts";
import { emptySiteResult, type SiteSyncResult, type SyncResult } from "./sync-result.ts";
import { readSyncStates, type SyncState } from "./sync-state.ts";
import { syncSite, type SyncSettings } from "./sync-site.ts";

/** A cron of every 5 minutes has 30 s of CPU; 25 s of clock leave room to write down what was done. */
export const SYNC_BUDGET_MS = 25_000;

export interface SyncRunContext {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  readonly ace: AceClient;
  /** sites of the deployment; a run may be of some of them */
  readonly siteCount: number;
  readonly settings: SyncSettings;
  /** epoch ms */
  readonly now: () => number;
}

/**
 * Syncs sites one after the other within {@link SYNC_BUDGET_MS}: first those that the last run did not reach, then the
 * one that is furthest behind. A site that fails does not stop the others, not even one that fails slowly in every run.
 * One at a time, for a page of 100,000 rows takes 40 MB while it is decoded.
 * @throws the error of D1 when the state of the sites cannot be read: nothing was done then
 */
export async function syncSites(context: SyncRunContext, sites: readonly SiteConfig[]): Promise<SyncResult> {
  const { db, kv, ace, now } = context;
  const started = now();
  const syncId = `sync_${started}_${crypto.randomUUID().slice(0, 8)}`;
  const states = await readSyncStates(
    db,
    sites.map((site) => site.name),
  );
  const deadline = started + SYNC_BUDGET_MS;
  const results: SiteSyncResult[] = [];
  const box = new LetterBox();
  for (const [name, state] of inOrder(states)) {
    if (now() >= deadline) results.push(notReached(name, state));
    else results.push(await syncSite({ ...context, deadline, letters: box }, name, state));
  }
  const run = { syncId, startTime: new Date(started).toISOString(), duration: now() - started, sites: results };
  const siteIds = new Map([...states].map(([name, state]) => [name, state.siteId]));
  // The samples are stored and the watermark stands: a journal that cannot be written must not make that a failure.
  const journal = await Promise.allSettled([
    recordRun(db, run, siteIds),
    recordLetters(db, syncId, started, box.letters),
    publishRun(kv, run, ace.meanLatencyMs, context.siteCount, box.letters),
  ]);
  for (const outcome of journal) {
    if (outcome.status === "rejected") logError("journal_failed", outcome.reason, { syncId });
  }
  return run;
}

function notReached(site: string, { watermark }: SyncState): SiteSyncResult {
  const at = watermark === null ? null : new Date(watermark).toISOString();
  return { ...emptySiteResult(site), incompleteBecause: "budget", watermark: at };
}

/** The sites whose turn is longest ago first; of one run's sites the one that is furthest behind. */
function inOrder(states: ReadonlyMap<string, SyncState>): [string, SyncState][] {
  const compare = (a: number | null, b: number | null) => (a === b ? 0 : (a ?? -Infinity) < (b ?? -Infinity) ? -1 : 1);
  return [...states].sort(([, a], [, b]) => compare(a.askedAt, b.askedAt) || compare(a.watermark, b.watermark));
}
