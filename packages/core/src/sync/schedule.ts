import { type PageSize, PAGE_SIZES } from "../ace/page-size.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { SyncState } from "./sync-state.ts";
import { nextWindow, type WindowSettings } from "./window.ts";

/** Time between two syncs of a site, in ms. */
export const SYNC_INTERVAL_MS = 300_000;

/** The longest back-off of a failing site, in ms: twelve runs. */
export const MAX_BACKOFF_MS = HOUR_MS;

/** Sites synced at the same time. Most of a sync waits for the upstream; a Worker has six connections, and D1 needs some. */
export const SYNC_SLOTS = 4;

/** Of these, slots for lagging sites while others wait: a lagging site may take long again. */
export const LAGGING_SLOTS = 2;

/** Rows of all pages requested at the same time: 100,000 take about 40 MB while they are decoded. */
const MAX_ROWS_IN_FLIGHT = 100_000;

/** Rows of a new site's first page. Later pages are sized by the earlier ones. */
const NEW_SITE_ROWS = 50_000;

/** Pages are this many times as large as expected, or many would be followed by a tiny one. */
const PAGE_SIZE_MARGIN = 1.5;

/** Pages smaller than this save no memory worth a request. */
const SMALLEST_PAGE = 1_000;

/** The history of a site that decides its place in the schedule. */
export type SiteHistory = Pick<SyncState, "recentRuns" | "watermark">;

/** Whether the last run of a site did not reach the present. Its next run may take long. */
export function isLagging({ recentRuns }: SiteHistory): boolean {
  return recentRuns[0] !== undefined && !recentRuns[0].complete;
}

/**
 * The time that orders sites: the last run, plus a back-off of 5, 10, 20, 40 and at most 60 minutes after 1, 2, … failed
 * runs in a row. Epoch ms; a site without a run comes first.
 */
function dueAt({ recentRuns }: SiteHistory): number {
  const [last] = recentRuns;
  if (last === undefined) return -Infinity;
  const lastSuccess = recentRuns.findIndex(({ failed }) => !failed);
  const failures = lastSuccess === -1 ? recentRuns.length : lastSuccess;
  return last.at + (failures === 0 ? 0 : Math.min(MAX_BACKOFF_MS, SYNC_INTERVAL_MS * 2 ** (failures - 1)));
}

/**
 * Orders sites by their last run, oldest first; sites of the same run by their watermark, oldest first. If each run reaches
 * m of n sites, every healthy site is reached within n/m runs. A failing site waits at most {@link MAX_BACKOFF_MS} longer,
 * and runs earlier if no other site waits.
 */
export function orderSites<T extends SiteHistory>(sites: readonly T[]): T[] {
  const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
  const byWatermark = (a: T, b: T) => compare(a.watermark ?? -Infinity, b.watermark ?? -Infinity);
  return [...sites].sort((a, b) => compare(dueAt(a), dueAt(b)) || byWatermark(a, b));
}

/** A site that waits or runs. */
export interface Candidate {
  readonly isLagging: boolean;
  /** the most rows of its pages */
  readonly pageSize: number;
}

/**
 * The site to start now; null: wait until a running one ends. It is the first that waits, but lagging sites get at most
 * {@link LAGGING_SLOTS} while others wait.
 * @param waiting in the order of {@link orderSites}
 */
export function nextToBegin<T extends Candidate>(waiting: readonly T[], running: readonly Candidate[]): T | null {
  const lagging = running.filter((site) => site.isLagging).length;
  const next = (lagging < LAGGING_SLOTS ? undefined : waiting.find((site) => !site.isLagging)) ?? waiting[0];
  if (next === undefined || running.length >= SYNC_SLOTS) return null;
  const rows = running.reduce((sum, { pageSize }) => sum + pageSize, next.pageSize);
  return running.length === 0 || rows <= MAX_ROWS_IN_FLIGHT ? next : null;
}

/**
 * Runs sites side by side until all are done or the budget is spent.
 * @param ordered by {@link orderSites}
 * @param isSpent asked before each start
 * @returns the sites that did not start, in order
 */
export async function runSchedule<T extends Candidate>(
  ordered: readonly T[],
  isSpent: () => boolean,
  begin: (site: T) => Promise<void>,
): Promise<readonly T[]> {
  const waiting = [...ordered];
  const running = new Map<T, Promise<void>>();
  for (;;) {
    const next = isSpent() ? null : nextToBegin(waiting, [...running.keys()]);
    if (next === null) {
      if (running.size === 0) return waiting;
      await Promise.race(running.values());
      continue;
    }
    waiting.splice(waiting.indexOf(next), 1);
    running.set(
      next,
      begin(next).finally(() => running.delete(next)),
    );
  }
}

/**
 * The page size of a site that runs beside others: as large as its next window, within the setting, so that the pages of
 * all fit into memory.
 * @param setting the largest size
 */
export function pageSizeFor(
  state: Pick<SyncState, "recentRuns" | "watermark" | "servedTo">,
  now: number,
  windows: WindowSettings,
  setting: PageSize,
): PageSize {
  const rate = state.recentRuns.find(({ recordsPerMs }) => recordsPerMs !== null)?.recordsPerMs ?? null;
  const window = nextWindow(state, now, windows);
  const span = window === null ? 0 : window.end - window.start;
  const isNew = rate === null || state.watermark === null;
  const rows = isNew ? NEW_SITE_ROWS : Math.max(SMALLEST_PAGE, rate * span * PAGE_SIZE_MARGIN);
  return PAGE_SIZES.find((size) => size >= rows && size <= setting) ?? setting;
}
