import type { AceClient } from "../ace/client.ts";
import { countedDatabase } from "../d1/site-counters.ts";
import { type Counts, Tally } from "../domain/counts.ts";
import { logError } from "../telemetry/log.ts";
import { recordDeadLetters } from "./dead-letters.ts";
import { DeadLetterBuffer } from "./dead-letter-buffer.ts";
import { publishRun } from "./publish.ts";
import { recordRun } from "./journal.ts";
import { StageError } from "./stage-error.ts";
import { emptySiteResult, type SiteSyncResult, type SyncResult } from "./sync-result.ts";
import { readSyncStates, type SyncState } from "./sync-state.ts";
import { syncSite, type SyncSettings } from "./sync-site.ts";
import { inTurn, isUnwell, nextToBegin, pageSizeFor } from "./turns.ts";

/** The longest that one site may take of a run, and the whole of a run by default: clock time, in milliseconds. */
export const SYNC_BUDGET_MS = 25_000;

/**
 * What a run may do in its 30 s of CPU: records, at about 3 µs each, and for each site as much as so many of them. No
 * clock tells of CPU in a Worker.
 */
const MAX_RECORDS_PER_RUN = 4_000_000;
const RECORDS_PER_SITE = 10_000;

/**
 * Of the 1,000 D1 statements that an invocation may make: no site and no page is begun after so many. A page of a large site takes 14,
 * and up to four sites run side by side; the journal takes some for each site.
 */
const MAX_STATEMENTS_PER_RUN = 700;

export interface SyncRunContext {
  readonly kv: KVNamespace;
  /** a client for one site, because it counts its calls; the tally counts what it does */
  readonly newClient: (tally: Tally) => AceClient;
  /** sites of the deployment; a run may be of some of them */
  readonly siteCount: number;
  readonly settings: SyncSettings;
  /** after this no site and no request is begun: milliseconds */
  readonly budgetMs: number;
  /** when so many requests were made no other site is begun */
  readonly maxRequests: number;
  /** epoch ms */
  readonly now: () => number;
}

/** Sites, by name, that share a database. */
export interface SyncedDatabase {
  readonly db: D1Database;
  readonly sites: readonly string[];
  /** of these, the sites that the SITES setting pauses */
  readonly paused?: readonly string[];
}

/** A site of this run. */
interface Turn {
  readonly name: string;
  readonly of: SyncedDatabase;
  readonly state: SyncState;
  readonly turns: SyncState["turns"];
  readonly watermark: number | null;
  readonly unwell: boolean;
  readonly pageSize: SyncSettings["pageSize"];
}

/**
 * Syncs sites, some side by side (turns.ts says which), until all are done or the run's budget of time, requests or CPU is
 * spent; the next run begins with those that were left. A site, or a database, that fails does not stop the others, not
 * even one that fails slowly in every run.
 * @throws the error of D1 when the state of no site can be read: nothing was done then
 */
export async function syncSites(context: SyncRunContext, databases: readonly SyncedDatabase[]): Promise<SyncResult> {
  const { kv, now } = context;
  const started = now();
  const syncId = `sync_${started}_${crypto.randomUUID().slice(0, 8)}`;
  const states = await Promise.allSettled(databases.map(({ db, sites }) => readSyncStates(db, sites)));
  const lost = states.find((outcome) => outcome.status === "rejected");
  if (lost !== undefined && states.every(({ status }) => status === "rejected")) throw lost.reason;
  const isAlone = databases.flatMap(({ sites }) => sites).length === 1;
  const turns = databases.flatMap((of, i) => {
    const outcome = states[i]!;
    return outcome.status === "rejected" ? [] : turnsOf(context.settings, of, outcome.value, started, isAlone);
  });
  const boxes = new Map(databases.map((of) => [of, new DeadLetterBuffer()]));
  const isPaused = ({ of, name, state }: Turn) => state.pause !== null || of.paused?.includes(name) === true;
  const [active, paused] = [turns.filter((turn) => !isPaused(turn)), turns.filter(isPaused)];
  const run = await takeTurns(context, inTurn(active), boxes, started + context.budgetMs);
  const unread = databases.flatMap(({ sites }, i) => {
    const outcome = states[i]!;
    return outcome.status === "rejected" ? sites.map((site) => unreadState(site, outcome.reason)) : [];
  });
  const left = run.left.map((turn) => notBegun(turn, "budget"));
  const atRest = paused.map((turn) => notBegun(turn, "paused"));
  const result = {
    syncId,
    startTime: new Date(started).toISOString(),
    duration: now() - started,
    sitesLeft: left.length,
    sites: [...run.results, ...left, ...atRest, ...unread],
  };
  await writeDown(context, result, active, boxes, started, kv, run);
  return result;
}

function turnsOf(
  settings: SyncSettings,
  of: SyncedDatabase,
  states: ReadonlyMap<string, SyncState>,
  now: number,
  isAlone: boolean,
): Turn[] {
  return [...states].map(([name, state]) => {
    const { turns, watermark } = state;
    const { pageSize: setting } = settings;
    const pageSize = isAlone ? setting : pageSizeFor(state, now, settings, setting);
    return { name, of, state, turns, watermark, unwell: isUnwell(state), pageSize };
  });
}

/** What came of the turns of a run. */
interface Turns {
  /** in the order in which the sites were begun */
  readonly results: readonly SiteSyncResult[];
  readonly left: readonly Turn[];
  /** of all calls, in milliseconds */
  readonly meanLatencyMs: number;
  /** what the clients and databases of sites that were begun counted, by site name */
  readonly counted: ReadonlyMap<string, Counts>;
}

async function takeTurns(
  context: SyncRunContext,
  ordered: readonly Turn[],
  boxes: ReadonlyMap<SyncedDatabase, DeadLetterBuffer>,
  deadline: number,
): Promise<Turns> {
  const { now, maxRequests } = context;
  const waiting = [...ordered];
  const running = new Map<Turn, Promise<void>>();
  const results: (SiteSyncResult | undefined)[] = [];
  const counted = new Map<string, Counts>();
  const spent = { calls: 0, latencyMs: 0, records: 0, statements: 0 };
  const tallies = new Set<Tally>();
  const hasStatements = () =>
    [...tallies].reduce((sum, tally) => sum + tally.get("d1_statements"), spent.statements) < MAX_STATEMENTS_PER_RUN;
  const begin = async (turn: Turn, place: number): Promise<void> => {
    const tally = new Tally();
    tallies.add(tally);
    const ace = context.newClient(tally);
    const settings = { ...context.settings, pageSize: turn.pageSize };
    const own = Math.min(deadline, now() + SYNC_BUDGET_MS);
    const letters = boxes.get(turn.of) ?? new DeadLetterBuffer();
    const result = await syncSite(
      { db: countedDatabase(turn.of.db, tally), ace, settings, now, deadline: own, hasStatements, letters },
      turn.name,
      turn.state,
    );
    results[place] = result;
    spent.statements += tally.get("d1_statements");
    tallies.delete(tally);
    counted.set(turn.name, tally.take());
    spent.calls += ace.calls;
    spent.latencyMs += ace.totalLatencyMs;
    spent.records += result.recordsFetched + RECORDS_PER_SITE;
    running.delete(turn);
  };
  const isSpent = () =>
    now() >= deadline || spent.calls >= maxRequests || spent.records >= MAX_RECORDS_PER_RUN || !hasStatements();
  for (let begun = 0; ;) {
    const next = isSpent() ? null : nextToBegin(waiting, [...running.keys()]);
    if (next === null) {
      if (running.size === 0) break;
      await Promise.race(running.values());
      continue;
    }
    waiting.splice(waiting.indexOf(next), 1);
    running.set(next, begin(next, begun++));
  }
  const meanLatencyMs = spent.calls === 0 ? 0 : spent.latencyMs / spent.calls;
  return { results: results.flatMap((result) => result ?? []), left: waiting, meanLatencyMs, counted };
}

/** The samples are stored and the watermarks stand: a journal that cannot be written must not make that a failure. */
async function writeDown(
  { siteCount }: SyncRunContext,
  run: SyncResult,
  turns: readonly Turn[],
  boxes: ReadonlyMap<SyncedDatabase, DeadLetterBuffer>,
  started: number,
  kv: KVNamespace,
  { left, meanLatencyMs, counted }: Turns,
): Promise<void> {
  // a site that was not reached costs no row, but the one that tells since when it waits for its first turn
  const omitted = new Set(left.filter((turn) => turn.turns.length > 0).map(({ name }) => name));
  const isBegun = ({ incompleteBecause }: SiteSyncResult) => incompleteBecause !== "paused";
  const begun = new Set(run.sites.filter(isBegun).map(({ site }) => site));
  for (const { name } of left) begun.delete(name);
  const letters = [...boxes.values()].flatMap((box) => box.letters);
  const writes = [publishRun(kv, run, meanLatencyMs, { siteCount, begun }, letters)];
  let firstDeadLetter = 0;
  for (const [of, { letters: own }] of boxes) {
    const ids = new Map(
      turns.filter((turn) => turn.of === of && !omitted.has(turn.name)).map(({ name, state }) => [name, state.siteId]),
    );
    writes.push(
      recordRun(of.db, run, ids, counted),
      recordDeadLetters(of.db, run.syncId, started, own, firstDeadLetter),
    );
    firstDeadLetter += own.length;
  }
  for (const outcome of await Promise.allSettled(writes)) {
    if (outcome.status === "rejected") logError("journal_failed", outcome.reason, { syncId: run.syncId });
  }
}

function notBegun({ name, watermark }: Turn, why: "budget" | "paused"): SiteSyncResult {
  const at = watermark === null ? null : new Date(watermark).toISOString();
  return { ...emptySiteResult(name), incompleteBecause: why, watermark: at };
}

function unreadState(site: string, reason: unknown): SiteSyncResult {
  logError("state_unread", reason, { site });
  const error = new StageError("state", reason).toSyncError();
  return { ...emptySiteResult(site), incompleteBecause: "error", errors: [error] };
}
