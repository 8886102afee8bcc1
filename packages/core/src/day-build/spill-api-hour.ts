import type { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import type { AceClient } from "../ace/client.ts";
import { windowPages } from "../ace/window-pages.ts";
import { SiteCatalog } from "../catalog/site-catalog.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import type { PointSamples } from "../domain/samples.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { DayBuildError } from "./day-build-error.ts";
import { pointOrder } from "./point-order.ts";
import { sortHour } from "./sort-hour.ts";
import { encodeSpill } from "./spill-format.ts";
import { type DayBuild, spillKey } from "../r2/staging.ts";

/** The dependencies of fetching an hour. */
export interface ApiHourContext {
  readonly db: D1Database;
  readonly bucket: { put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> };
  /** used by this call alone, because it counts requests */
  readonly ace: AceClient;
  readonly pageSize: AdaptivePageSize;
  /** epoch ms */
  readonly now: () => number;
  /** epoch ms; no request starts later */
  readonly deadline?: number;
}

/** The result of fetching an hour. */
export interface ApiHour {
  /** when the first successful request was sent, epoch ms */
  readonly asked: number;
  /** requests to the upstream, retries included */
  readonly apiCalls: number;
  /** requests that were retries */
  readonly retries: number;
  /** rows that the upstream served */
  readonly records: number;
  /** samples in the spill, distinct by (point, millisecond) */
  readonly samples: number;
  readonly rejected: RejectionCounts;
}

/** How far the request extends beyond the hour. The upstream does not document inclusive bounds or rounding. */
const OVERLAP_MS = 1;

/**
 * Fetches a site's hour from the upstream into its spill. The spill exists only if the upstream proved that the hour
 * was complete. Filters points like the sync: a new name first causes a request for the list. Safe to repeat: the spill
 * is replaced.
 * @param hour 0 to 23
 * @throws {AceError}; {DayBuildError} if the catalogue was never filled; the errors of D1 and R2
 */
export async function spillApiHour(context: ApiHourContext, build: DayBuild, hour: number): Promise<ApiHour> {
  const { bucket, ace, pageSize, deadline } = context;
  const callsBefore = ace.calls;
  const catalog = new SiteCatalog(context, build.site);
  await catalog.load();
  if (![...catalog.points.values()].some((point) => point.configured)) {
    throw new DayBuildError(`the catalogue has no configured point of site ${JSON.stringify(build.site.name)}`);
  }
  const start = dayStart(build.day) + hour * HOUR_MS;
  const range = { start, end: start + HOUR_MS };
  const asked = { start: range.start - OVERLAP_MS, end: range.end + OVERLAP_MS };
  const arrived: PointSamples[] = [];
  const rejected: RejectionCounts = {};
  let records = 0;
  /** successful requests: pages and the list; the rest were retries */
  let answered = 0;
  let askedFirst = Number.POSITIVE_INFINITY;
  let proven = false;
  for await (const { page, next } of windowPages(ace, build.site.name, asked, { pageSize, deadline })) {
    answered++;
    records += page.records;
    askedFirst = Math.min(askedFirst, page.asked);
    addRejections(rejected, page.rejected);
    const callsBeforeList = ace.calls;
    await catalog.meet(page.samples.names);
    answered += ace.calls - callsBeforeList;
    const selection = selectConfigured(page.samples, catalog.points);
    addRejections(rejected, selection.rejected);
    arrived.push(selection.samples);
    proven = next === null;
  }
  if (!proven) throw new DayBuildError(`the upstream did not prove that hour ${hour} had ended`);
  const sorted = sortHour(arrived, pointOrder(catalog.points), range);
  await bucket.put(spillKey(build, hour), encodeSpill(start, sorted, { records, rejected }));
  const apiCalls = ace.calls - callsBefore;
  return { asked: askedFirst, apiCalls, retries: apiCalls - answered, records, samples: sorted.times.length, rejected };
}
