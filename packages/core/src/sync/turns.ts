import { type PageSize, PAGE_SIZES } from "../ace/page-size.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { SyncState } from "./sync-state.ts";
import { nextWindow, type WindowSettings } from "./window.ts";

/** How often a sync is due, in milliseconds. */
export const TURN_MS = 300_000;

/** The longest that failures put a site back, in milliseconds: twelve runs. */
export const MAX_BACKOFF_MS = HOUR_MS;

/**
 * Sites that are synced side by side. Nearly all of a sync is waiting for the upstream; a Worker has six connections, and
 * the store needs some.
 */
export const SLOTS = 4;

/** Of these, for sites that were not complete the last time, while others wait: they may take long again. */
export const UNWELL_SLOTS = 2;

/** Rows that all pages asked for at once may have: 100,000 take about 40 MB while they are decoded. */
const ROWS_AT_ONCE = 100_000;

/** The first page of a site that is new; later ones go by what it was. */
const UNKNOWN_ROWS = 50_000;

/** Pages are asked for somewhat larger than what is expected, or every other one would be followed by a tiny one. */
const SPARE = 1.5;

/** Pages below this save no memory worth a request. */
const SMALLEST_PAGE = 1_000;

/** What is known of a site that waits for its turn. */
export type Waiting = Pick<SyncState, "turns" | "watermark">;

/** Whether its last run did not reach the present, so that the next one may well take its time too. */
export function isUnwell({ turns }: Waiting): boolean {
  return turns[0] !== undefined && !turns[0].complete;
}

/**
 * What a site's place in the row goes by: when its last turn was, later by 5, 10, 20, 40 and at last 60 minutes the more
 * runs have failed in a row. Epoch ms; a site without a turn is before all others.
 */
function placeOf({ turns }: Waiting): number {
  const [last] = turns;
  if (last === undefined) return -Infinity;
  const wellAt = turns.findIndex(({ failed }) => !failed);
  const failures = wellAt === -1 ? turns.length : wellAt;
  return last.at + (failures === 0 ? 0 : Math.min(MAX_BACKOFF_MS, TURN_MS * 2 ** (failures - 1)));
}

/**
 * The order in which a run begins sites: whose turn is longest ago, and of one run's sites the one that is furthest
 * behind. A run that reaches m of n sites begins each well one within n/m runs, for whoever had a turn since is behind it;
 * one that fails waits longer by {@link MAX_BACKOFF_MS} at most, and comes before its time where nobody else waits.
 */
export function inTurn<T extends Waiting>(sites: readonly T[]): T[] {
  const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
  const byWatermark = (a: T, b: T) => compare(a.watermark ?? -Infinity, b.watermark ?? -Infinity);
  return [...sites].sort((a, b) => compare(placeOf(a), placeOf(b)) || byWatermark(a, b));
}

/** A site that a run may begin, or has. */
interface Candidate {
  readonly unwell: boolean;
  /** rows that its pages may have */
  readonly pageSize: number;
}

/**
 * The site that a run is to begin now; null: it must wait until another one ends. Strictly the first, but that sites
 * which are not well get no more than {@link UNWELL_SLOTS} while others wait.
 * @param waiting in turn
 */
export function nextToBegin<T extends Candidate>(waiting: readonly T[], running: readonly Candidate[]): T | null {
  const unwell = running.filter((site) => site.unwell).length;
  const next = (unwell < UNWELL_SLOTS ? undefined : waiting.find((site) => !site.unwell)) ?? waiting[0];
  if (next === undefined || running.length >= SLOTS) return null;
  const rows = running.reduce((sum, { pageSize }) => sum + pageSize, next.pageSize);
  return running.length === 0 || rows <= ROWS_AT_ONCE ? next : null;
}

/**
 * The pages to ask for, of several sites side by side: as large as the site's next window will be, and no larger, for
 * the pages of all must fit into the memory.
 * @param setting the largest
 */
export function pageSizeFor(
  state: Pick<SyncState, "turns" | "watermark" | "servedTo">,
  now: number,
  windows: WindowSettings,
  setting: PageSize,
): PageSize {
  const rate = state.turns.find(({ recordsPerMs }) => recordsPerMs !== null)?.recordsPerMs ?? null;
  const window = nextWindow(state, now, windows);
  const span = window === null ? 0 : window.end - window.start;
  const isNew = rate === null || state.watermark === null;
  const rows = isNew ? UNKNOWN_ROWS : Math.max(SMALLEST_PAGE, rate * span * SPARE);
  return PAGE_SIZES.find((size) => size >= rows && size <= setting) ?? setting;
}
