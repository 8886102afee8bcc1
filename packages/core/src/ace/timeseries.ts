import type { RejectedRecord, RejectionCounts } from "../domain/rejection.ts";
import type { NamedSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { AceError } from "./ace-error.ts";
import { cursorIdentity, repairCursor } from "./cursor.ts";
import { PageDecoder } from "./page.ts";
import { AdaptivePageSize } from "./adaptive-page-size.ts";
import { DEFAULT_PAGE_SIZE, type PageSize } from "./page-size.ts";
import type { CallOptions, Transport } from "./transport.ts";

const DEFAULT_MAX_PAGES = 200;

/** Maximum of empty pages in a row with a next cursor; the upstream has sent one. */
const MAX_EMPTY_PAGES = 10;

export interface TimeseriesOptions extends CallOptions {
  /** `next` of the last page of an earlier iteration over the same range */
  readonly cursor?: string | null | undefined;
  /** rows a page; adapts to each page and failure */
  readonly pageSize?: AdaptivePageSize | undefined;
  readonly maxPages?: number | undefined;
}

export interface AcePage {
  readonly samples: NamedSamples;
  /** when the page's request was sent, epoch ms */
  readonly asked: number;
  /** rows received, including rejected ones */
  readonly records: number;
  readonly rejected: RejectionCounts;
  /** the first rejected records of each reason */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** time of the last row, epoch ms; null: no row has a readable time */
  readonly lastTime: number | null;
  /** cursor of the next page, which may be stored; null proves that the window ended */
  readonly next: string | null;
}

/**
 * Reads all samples of a site in a time range, page by page, ascending in time. The range is complete only after a page
 * with `next === null`. A page whose next cursor is refused is not yielded.
 *
 * @throws {AceError}
 * - `page_limit` if more pages follow the last allowed one, or after too many empty pages
 * - `cursor_repeated`
 * - the error of a call
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
  const pageSize = options.pageSize ?? new AdaptivePageSize(DEFAULT_PAGE_SIZE, null, now);
  let cursor = options.cursor ?? null;
  const seen = new Set(cursor === null ? [] : [cursorIdentity(cursor)]);
  let empty = 0;

  for (let pages = 0; pages < maxPages; pages++) {
    let size = pageSize.size;
    let asked = now();
    const {
      samples,
      records,
      rejected,
      rejectedRecords,
      end,
      lastTime,
      cursor: given,
    } = await transport.getStreamed({
      path,
      query: () => {
        size = pageSize.size;
        asked = now();
        return pageQuery(range, size, cursor);
      },
      reader: () => new PageDecoder(now(), path),
      onFailure: (error) => pageSize.failed(size, error),
      deadline: options.deadline,
    });
    pageSize.succeeded(size, records);

    const next = given === null ? null : repairCursor(cursor, given, end);
    if (next !== null) {
      const identity = cursorIdentity(next);
      if (seen.has(identity)) throw new AceError("cursor_repeated", path, "the next page's cursor was used before");
      seen.add(identity);
    }
    yield { samples, asked, records, rejected, rejectedRecords, lastTime, next };
    if (next === null) return;

    empty = records === 0 ? empty + 1 : 0;
    if (empty >= MAX_EMPTY_PAGES) throw new AceError("page_limit", path, `${empty} empty pages in a row`);
    cursor = next;
  }
  throw new AceError("page_limit", path, `the range has more than ${maxPages} pages`);
}

function pageQuery(range: TimeRange, size: PageSize, cursor: string | null): Record<string, string> {
  const query = {
    start_time: new Date(range.start).toISOString(),
    end_time: new Date(range.end).toISOString(),
    page_size: String(size),
    // without it the upstream returns 5-minute buckets of an undocumented aggregate
    raw_data: "true",
  };
  return cursor === null ? query : { ...query, cursor };
}
