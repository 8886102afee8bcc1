import type { TimeRange } from "../domain/time-range.ts";
import { AceError } from "./ace-error.ts";
import { blamesCursor } from "./blame.ts";
import type { AceClient } from "./client.ts";
import type { AcePage, TimeseriesOptions } from "./timeseries.ts";

/**
 * How far a resumed request reaches back before the last served time, in milliseconds. The API does not say whether a
 * range includes its start, and a page may have ended within a scrape.
 */
const OVERLAP_MS = 1;

/** Where the next page of a window starts. */
export interface PagePosition {
  /** everything before this time was served, epoch ms; a request without a cursor starts here */
  readonly from: number;
  /** cursor of the page; null: the first page from `from` on */
  readonly cursor: string | null;
}

interface WindowPage {
  readonly page: AcePage;
  readonly at: PagePosition;
  /** where the next page starts, which may be stored; null proves that the window ended */
  readonly next: PagePosition | null;
}

interface WindowOptions extends Omit<TimeseriesOptions, "cursor"> {
  /** where an earlier read of the same window stopped; default: the window's start */
  readonly at?: PagePosition | undefined;
  /** called when the API refused a cursor, before the page at `next` is requested instead */
  readonly onRefused?: (error: AceError, next: PagePosition) => void;
}

/**
 * Reads all samples of a site in a window, page by page, as `timeseriesPages` does, but continues after a refused
 * cursor:
 * - A stored cursor is dropped, and the window begins again.
 * - From then on no cursor is used. Each request starts at the last served time, because rows come in ascending time.
 *
 * @throws {AceError} if a request without a cursor fails too, or if the rows of one millisecond exceed a page
 */
export async function* windowPages(
  ace: AceClient,
  site: string,
  range: TimeRange,
  { at: saved, onRefused, ...options }: WindowOptions,
): AsyncGenerator<WindowPage, void, void> {
  let at: PagePosition = saved ?? { from: range.start, cursor: null };
  // a position without a cursor is stored only after the API refused one
  let isRefused = saved?.cursor === null;
  // only for a stored cursor: repeating this read's own request without a cursor would give the same answer
  let mayBeginAnew = saved !== undefined && saved.cursor !== null;
  /** time of the last served row of this read, epoch ms; null: no row yet */
  let served: number | null = null;
  for (;;) {
    const start = Math.max(range.start, at.from - OVERLAP_MS);
    const pages = ace.timeseriesPages(site, { start, end: range.end }, { ...options, cursor: at.cursor });
    try {
      for await (const page of pages) {
        served = page.lastTime ?? served;
        const resumed = isRefused && page.next !== null ? resumeAfter(at, served, range) : null;
        const next = page.next === null ? null : (resumed ?? { from: at.from, cursor: page.next });
        yield { page, at, next };
        if (next === null) return;
        at = next;
        if (resumed !== null) break;
      }
    } catch (error) {
      if (!(error instanceof AceError) || at.cursor === null || !blamesCursor(error)) throw error;
      // A cycle of cursors may have skipped rows, so everything that they served is requested again.
      if (error.kind === "cursor_repeated" && !isRefused) {
        served = null;
        mayBeginAnew = true;
      }
      const next = served === null && mayBeginAnew ? { from: at.from, cursor: null } : resumeAfter(at, served, range);
      if (next === null) throw error;
      mayBeginAnew = false;
      options.pageSize?.notAtFault();
      onRefused?.(error, next);
      isRefused = true;
      at = next;
    }
  }
}

/** A cursor that the API refused, and the position at which the window continues. */
export interface RefusedCursor {
  readonly error: AceError;
  readonly next: PagePosition;
}

/** A position without a cursor after the served rows; null if it would repeat the previous request. */
function resumeAfter(at: PagePosition, served: number | null, range: TimeRange): PagePosition | null {
  return served !== null && served > at.from && served < range.end ? { from: served, cursor: null } : null;
}
