import { byDatabase, type DatabaseSites } from "@building-vitals/core/d1/site-databases";
import type { Pause } from "@building-vitals/core/domain/pause";
import { Problem } from "@building-vitals/core/domain/problem";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { readSyncStates, type SyncState } from "@building-vitals/core/sync/sync-state";
import { logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";

/** A site with its stored state. */
export interface StoredSite {
  readonly name: string;
  readonly db: D1Database;
  /** in its database */
  readonly id: number;
  readonly state: SyncState;
  /** null: its sync is not paused */
  readonly pause: Pause | null;
}

/** The sites of one database. */
export interface StoredSites {
  readonly binding: string;
  readonly db: D1Database;
  readonly sites: readonly StoredSite[];
}

/**
 * The configured sites, or the one of this name.
 * @throws {Problem} `unknown_site`
 */
export function sitesNamed({ SITES }: Settings, only: string | undefined): SiteConfig[] {
  const sites = SITES.filter(({ name }) => only === undefined || name === only);
  if (sites.length > 0) return sites;
  throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(only)}.`, "site");
}

/**
 * The stored state of the configured sites, or of one, by database. Creates rows of new sites.
 * @throws {Problem} `unknown_site`; the errors of D1
 */
export async function storedByDatabase(settings: Settings, only?: string): Promise<StoredSites[]> {
  return Promise.all(byDatabase(settings, sitesNamed(settings, only)).map(storedIn));
}

const PAUSED_BY_SETTING: Pause = { since: null, by: null, reason: null };

/** The stored state of one database's sites. Creates rows of new sites. */
export async function storedIn({ binding, db, sites }: DatabaseSites): Promise<StoredSites> {
  const names = sites.map(({ name }) => name);
  const states = await readSyncStates(db, names);
  const pausedBySetting = new Set(sites.flatMap(({ name, paused }) => (paused === true ? [name] : [])));
  const stored = [...states].map(([name, state]) => {
    const pause = pausedBySetting.has(name) ? PAUSED_BY_SETTING : state.pause;
    return { name, db, id: state.siteId, state, pause };
  });
  return { binding, db, sites: stored };
}

interface Answers<T> {
  readonly answers: readonly T[];
  /** the databases that did not answer; each affects only its own sites */
  readonly lost: readonly DatabaseSites[];
  /** the error of the first of them */
  readonly error: unknown;
}

async function ofEachDatabase<T>(
  settings: Settings,
  read: (database: DatabaseSites) => Promise<T>,
): Promise<Answers<T>> {
  const all = byDatabase(settings, settings.SITES);
  const outcomes = await Promise.allSettled(all.map(read));
  const lost: { database: DatabaseSites; reason: unknown }[] = [];
  const answers: T[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") answers.push(outcome.value);
    else lost.push({ database: all[i]!, reason: outcome.reason });
  }
  for (const { database, reason } of lost) logError("database_lost", reason, { database: database.binding });
  return { answers, lost: lost.map(({ database }) => database), error: lost[0]?.reason };
}

/**
 * Reads the state of all configured sites by database, without those of databases that do not answer.
 * @throws the error of D1 if no database answers
 */
export async function readAnswering<T>(
  settings: Settings,
  read: (database: DatabaseSites) => Promise<T>,
): Promise<Omit<Answers<T>, "error">> {
  const { answers, lost, error } = await ofEachDatabase(settings, read);
  if (answers.length === 0 && lost.length > 0) throw error;
  return { answers, lost };
}

/** The names of the sites in databases that did not answer. */
export function namesIn(lost: readonly DatabaseSites[]): string[] {
  return lost.flatMap(({ sites }) => sites.map(({ name }) => name));
}

/** The sites of a job that covers all sites. */
interface AnsweringSites {
  readonly sites: readonly StoredSite[];
  /** the databases of these sites */
  readonly databases: readonly StoredSites[];
  /** bindings of the databases that did not answer; each affects only its own sites */
  readonly lost: readonly string[];
}

/** The sites whose databases answer. */
export async function answeringSites(settings: Settings): Promise<AnsweringSites> {
  const { answers: databases, lost } = await ofEachDatabase(settings, storedIn);
  return { sites: databases.flatMap(({ sites }) => sites), databases, lost: lost.map(({ binding }) => binding) };
}

/** The sites of {@link storedByDatabase} in one list. */
export async function storedSites(settings: Settings, only?: string): Promise<StoredSite[]> {
  return (await storedByDatabase(settings, only)).flatMap(({ sites }) => sites);
}
