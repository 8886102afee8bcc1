import type { RejectedRecord, RejectionCounts } from "../domain/rejection.ts";
import type { NamedSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { AceError } from "./ace-error.ts";
import { cursorIdentity, repairCursor } from "./cursor.ts";
import { PageDecoder } from "./page.ts";
import { DEFAULT_PAGE_SIZE, type PageSize, smallerPageSize } from "./page-size.ts";
import type { CallOptions, Transport } from "./transport.ts";

const DEFAULT_MAX_PAGES = 200;

/** Empty pages in a row that still promise more; the upstream has been seen to send one. */
const MAX_EMPTY_PAGES = 10;

/** The second failure of a page's body, not the first, is taken for a sign that the page is too large. */
const BODY_FAILURES_TO_STEP = 2;

export interface TimeseriesOptions extends CallOptions {
  /** where an earlier iteration over the same range stopped: the `next` of its last page */
  readonly cursor?: string | null | undefined;
  /** rows a page to begin with; after repeated broken bodies the iteration goes on with smaller pages */
  readonly pageSize?: PageSize | undefined;
  readonly maxPages?: number | undefined;
  /** told of each step down, at once: the iteration may end with an error before a smaller page arrives */
  readonly onSmallerPages?: ((size: PageSize) => void) | undefined;
}

export interface AcePage {
  readonly samples: NamedSamples;
  /** number of rows received: samples and rejected ones */
  readonly records: number;
  readonly rejected: RejectionCounts;
  /** the first ones of each reason */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** cursor of the next page, fit to be saved; null proves that the window ended */
  readonly next: string | null;
}

/**
 * Every sample of a site in a time range, page by page, ascending in time. The range is complete only when a page with
 * `next === null` has been yielded. A page whose own cursor is refused is not yielded.
 *
 * @throws {AceError} `page_limit` when the last allowed page was yielded and more follow, or after too many empty
 *   ones; `cursor_repeated`; and whatever a call fails with
 */
export async function* timeseriesPages(
  transport: Transport,
  now: () => number,
  site: string,
  range: TimeRange,
  options: TimeseriesOptions,
): AsyncGenerator<AcePage, void, void> {
  const path = `/sites/${encodeURIComponent(site)}/timeseries/paginated`;
  const maxPages = options.maxPages ?? DEFAULT_MAX_PAGES;
  let size = options.pageSize ?? DEFAULT_PAGE_SIZE;
  let cursor = options.cursor ?? null;
  const seen = new Set(cursor === null ? [] : [cursorIdentity(cursor)]);
  let empty = 0;

  for (let pages = 0; pages < maxPages; pages++) {
    let bodyFailures = 0;
    const {
      samples,
      records,
      rejected,
      rejectedRecords,
      end,
      cursor: given,
    } = await transport.getStreamed({
      path,
      query: () => pageQuery(range, size, cursor),
      reader: () => new PageDecoder(now(), path),
      onFailure: (error) => {
        if (!isBodyFailure(error) || ++bodyFailures < BODY_FAILURES_TO_STEP) return false;
        const smaller = smallerPageSize(size);
        if (smaller === null) return false;
        size = smaller;
        options.onSmallerPages?.(size);
        return true;
      },
      deadline: options.deadline,
    });

    const next = given === null ? null : repairCursor(cursor, given, end);
    if (next !== null) {
      const identity = cursorIdentity(next);
      if (seen.has(identity)) throw new AceError("cursor_repeated", path, "the next page's cursor was used before");
      seen.add(identity);
    }
    yield { samples, records, rejected, rejectedRecords, next };
    if (next === null) return;

    empty = records === 0 ? empty + 1 : 0;
    if (empty >= MAX_EMPTY_PAGES) throw new AceError("page_limit", path, `${empty} empty pages in a row`);
    cursor = next;
  }
  throw new AceError("page_limit", path, `more than ${maxPages} pages`);
}

function pageQuery(range: TimeRange, size: PageSize, cursor: string | null): Record<string, string> {
  const query = {
    start_time: new Date(range.start).toISOString(),
    end_time: new Date(range.end).toISOString(),
    page_size: String(size),
    // without it the upstream answers 5-minute buckets of an undocumented aggregate
    raw_data: "true",
  };
  return cursor === null ? query : { ...query, cursor };
}

/** Failures that a smaller answer may cure. A gateway's 504 is a timeout too. */
function isBodyFailure(error: AceError): boolean {
  return error.kind === "broken_body" || error.kind === "timeout" || error.status === 504;
}
