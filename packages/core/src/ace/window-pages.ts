import type { TimeRange } from "../domain/time-range.ts";
import { AceError } from "./ace-error.ts";
import { blamesCursor } from "./blame.ts";
import type { AceClient } from "./client.ts";
import type { AcePage, TimeseriesOptions } from "./timeseries.ts";

/**
 * How far a request reaches back that goes on after what was served, in milliseconds: the API does not say whether the
 * start of a range belongs to it, and a page may have ended inside of a scrape.
 */
const OVERLAP_MS = 1;

/** Where the next page of a window starts. */
export interface PagePosition {
  /** everything before it was served, epoch ms; a request without a cursor starts here */
  readonly from: number;
  /** cursor of the page; null: the page is the first one from `from` on */
  readonly cursor: string | null;
}

interface WindowPage {
  readonly page: AcePage;
  readonly at: PagePosition;
  /** where the next page starts, fit to be saved; null proves that the window ended */
  readonly next: PagePosition | null;
}

interface WindowOptions extends Omit<TimeseriesOptions, "cursor"> {
  /** where an earlier reading of the same window stopped; default its start */
  readonly at?: PagePosition | undefined;
  /** told when the API refused a cursor, before the page at `next` is asked for instead */
  readonly onRefused?: (error: AceError, next: PagePosition) => void;
}

/**
 * Every sample of a site in a window, page by page. As `timeseriesPages`, but a cursor that the API refuses does not end
 * the reading. A cursor that was saved earlier is abandoned: the window is begun anew. From then on no cursor is used:
 * each request starts at the last time that was served, because rows come in ascending time.
 *
 * @throws {AceError} when a request without a cursor fails too, or one page cannot hold what shares a millisecond
 */
export async function* windowPages(
  ace: AceClient,
  site: string,
  range: TimeRange,
  { at: saved, onRefused, ...options }: WindowOptions,
): AsyncGenerator<WindowPage, void, void> {
  let at: PagePosition = saved ?? { from: range.start, cursor: null };
  // a position without a cursor is only saved where the API refused one
  let isRefused = saved?.cursor === null;
  // only a cursor of an earlier reading: a request without one that this reading made would be answered alike
  let mayBeginAnew = saved !== undefined && saved.cursor !== null;
  /** when the last row was taken that this reading was served, epoch ms; null: no row yet */
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
      // Cursors in a circle may have led past rows: all that they served is asked for again.
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

/** A cursor that the API refused, and where the window is to go on instead. */
export interface RefusedCursor {
  readonly error: AceError;
  readonly next: PagePosition;
}

/** A request without a cursor that goes on after what was served; null where it would repeat the one before. */
function resumeAfter(at: PagePosition, served: number | null, range: TimeRange): PagePosition | null {
  return served !== null && served > at.from && served < range.end ? { from: served, cursor: null } : null;
}
