import { AceError } from "../ace/ace-error.ts";
import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import { windowPages } from "../ace/window-pages.ts";
import { type Catalog, type CatalogPoint, loadCatalog } from "../catalog/catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import { filedSamples } from "../day-build/filed-samples.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { addRejections, countRejection, type RejectionCounts } from "../domain/rejection.ts";
import type { PointSamples } from "../domain/samples.ts";
import { storeSamples } from "../store/store-samples.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { type InquiryNote, notePointInquiries, readKnownPoints } from "./point-inquiries.ts";
import {
  afterInquiry,
  GROUP_WINDOWS_PER_HOUR,
  type GroupWindow,
  groupWindow,
  inquiriesByName,
  type KnownPoint,
  silentPoints,
} from "./silent-points.ts";

export interface InquiryContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket;
  readonly ace: AceClient;
  /** rows per page of a window */
  readonly pageSize: PageSize;
  /** how far back to ask for a point without samples, milliseconds */
  readonly initialLookbackMs: number;
  /** epoch ms */
  readonly now: () => number;
  /** no request begins after this, epoch ms */
  readonly deadline: number;
  /** false: this job's share of D1 statements is used up, so no further point is asked for */
  readonly hasStatements: () => boolean;
}

/** Result of asking for silent points. */
export interface Inquiries {
  /** points asked for */
  asked: number;
  /** windows of the whole site, for groups of points */
  windows: number;
  /** points among them with new samples */
  found: number;
  inserted: number;
  unchanged: number;
  /** records rejected, by reason */
  readonly rejected: RejectionCounts;
  /** why the remaining points were not asked for; null: all were */
  error: string | null;
}

/**
 * Asks the API for points that are silent while their site is not, and stores the answers.
 * - Groups that are late together are read by windows of the whole site; other points by name.
 * - Never moves the watermark. Safe to repeat, and to run beside a sync.
 * - A failed request ends the run. The next run begins with the points not asked for.
 * @param front the site's data is served up to here, epoch ms; null: no sync window has ended yet, so no point is asked
 * for
 * @throws errors of D1 and R2, after retries; samples stored before stay
 */
export async function askSilentPoints(
  context: InquiryContext,
  site: { readonly id: number; readonly name: string },
  front: number | null,
): Promise<Inquiries> {
  const { db, now, deadline, initialLookbackMs } = context;
  const inquiries: Inquiries = { asked: 0, windows: 0, found: 0, inserted: 0, unchanged: 0, rejected: {}, error: null };
  if (front === null) return inquiries;
  let silent = silentPoints(await readKnownPoints(db, site.id), { front, now: now() });
  if (silent.length === 0) return inquiries;
  const catalog = await loadCatalog(db, site.id);
  const points = new Map([...catalog.values()].map((point) => [point.id, point]));
  const run: Run = { context, site, catalog, points, inquiries };
  const notes = new Map<number, InquiryNote>();
  const found = new Set<number>();
  // A point with samples in one window stays found if the next window has no more.
  const note = (point: KnownPoint, isNew: boolean) => {
    if (isNew) found.add(point.id);
    notes.set(point.id, { pointId: point.id, ...afterInquiry(point, found.has(point.id), now()) });
  };
  const mayGoOn = () => now() < deadline && context.hasStatements();
  try {
    while (inquiries.windows < GROUP_WINDOWS_PER_HOUR && mayGoOn()) {
      const window = groupWindow(silent, { front, now: now() });
      if (window === null) break;
      const { newest, isWhole } = await askForGroup(run, window);
      inquiries.windows++;
      // An incomplete window says nothing about points without samples in it.
      for (const point of window.points) if (isWhole || newest.has(point.id)) note(point, newest.has(point.id));
      // A point whose samples reach the window's last hour is asked for again in another window.
      const isFull = (time: number) => time >= window.range.end - HOUR_MS;
      const continued = window.points.flatMap((point) => {
        const time = newest.get(point.id);
        return time !== undefined && isFull(time) ? [{ ...point, newest: time }] : [];
      });
      const isAsked = new Set(window.points);
      const others = silent.filter((point) => !isAsked.has(point));
      silent = silentPoints([...continued, ...others], { front, now: now() });
    }
    for (const { point, from } of inquiriesByName(
      silent.filter(({ id }) => !notes.has(id)),
      now(),
      initialLookbackMs,
    )) {
      if (!mayGoOn()) break;
      note(point, await askByName(run, point.name, from));
    }
  } catch (error) {
    if (!(error instanceof AceError)) throw error;
    inquiries.error = error.message;
  } finally {
    inquiries.asked = notes.size;
    inquiries.found = found.size;
    await notePointInquiries(db, [...notes.values()]);
  }
  return inquiries;
}

interface Run {
  readonly context: InquiryContext;
  readonly site: { readonly id: number; readonly name: string };
  readonly catalog: Catalog;
  /** the catalogue's points, by id */
  readonly points: ReadonlyMap<number, CatalogPoint>;
  readonly inquiries: Inquiries;
}

/** @returns whether the API had samples that were not stored before */
async function askByName(run: Run, name: string, from: number): Promise<boolean> {
  const { ace, now, deadline } = run.context;
  const range = { start: from, end: now() };
  const { samples, asked, rejected } = await ace.pointSamples(run.site.name, name, range, { deadline });
  addRejections(run.inquiries.rejected, rejected);
  const selection = selectConfigured(samples, run.catalog);
  addRejections(run.inquiries.rejected, selection.rejected);
  return (await store(run, selection.samples, asked)) > 0;
}

/** Result of a window for a group. */
interface AskedGroup {
  /** each point's newest sample, by id, if newer than before, epoch ms */
  readonly newest: ReadonlyMap<number, number>;
  /** false: the statements were used up before its last page */
  readonly isWhole: boolean;
}

/** Reads a window of the whole site and stores the group's samples. The sync has the other points' samples. */
async function askForGroup(run: Run, { points, range }: GroupWindow): Promise<AskedGroup> {
  const { ace, now, pageSize, deadline } = run.context;
  const group = new Map(points.map(({ id, name }) => [name, { id, configured: true }]));
  const newest = new Map(points.map(({ id, newest: time }) => [id, time ?? 0]));
  const moved = new Map<number, number>();
  const options = { pageSize: new AdaptivePageSize(pageSize, null, now), deadline };
  for await (const { page, next } of windowPages(ace, run.site.name, range, options)) {
    const { samples } = selectConfigured(page.samples, group);
    await store(run, samples, page.asked);
    for (let i = 0; i < samples.length; i++) {
      const [id, time] = [samples.pointIds[i]!, samples.times[i]!];
      if (time <= newest.get(id)!) continue;
      newest.set(id, time);
      moved.set(id, time);
    }
    if (next !== null && !run.context.hasStatements()) return { newest: moved, isWhole: false };
  }
  return { newest: moved, isWhole: true };
}

/** @returns the number of samples that were not stored before */
async function store(
  { context: { db, bucket, now }, site, points, inquiries }: Run,
  samples: PointSamples,
  asked: number,
): Promise<number> {
  if (samples.length === 0) return 0;
  const to = { db, siteId: site.id, now, filed: filedSamples(db, bucket, site.id) };
  const counts = await storeSeen(db, seenRanges(samples, points), (seen) => storeSamples(to, samples, asked, seen));
  countRejection(inquiries.rejected, "same_millisecond", counts.superseded);
  inquiries.inserted += counts.inserted + counts.changed;
  inquiries.unchanged += counts.unchanged;
  return counts.inserted + counts.changed;
}
