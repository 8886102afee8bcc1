import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import { type Catalog, type CatalogPoint, loadCatalog } from "../catalog/catalog.ts";
import { markSeenStatement, seenRanges } from "../catalog/seen.ts";
import { filedSamples } from "../cold/filed-samples.ts";
import type { RangeBucket } from "../cold/range-get.ts";
import { addRejections, countRejection, type RejectionCounts } from "../domain/rejection.ts";
import { storeSamples } from "../store/store-samples.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { type InquiryNote, noteInquiries, readKnownPoints } from "./point-inquiries.ts";
import { afterInquiry, type PointInquiry, silentPoints } from "./silent-points.ts";

export interface InquiryContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket;
  readonly ace: AceClient;
  /** how far back a point is asked for that never sent a sample, milliseconds */
  readonly initialLookbackMs: number;
  /** epoch ms */
  readonly now: () => number;
  /** no request is begun after this, epoch ms */
  readonly deadline: number;
  /** false: the invocation has made as many statements as it may for this, and no other point is asked for */
  readonly hasStatements: () => boolean;
}

/** What asking for points by name came to. */
export interface Inquiries {
  /** points that were asked for */
  asked: number;
  /** of these, points that had new samples */
  found: number;
  inserted: number;
  unchanged: number;
  /** records that are no samples of ours, by reason */
  readonly rejected: RejectionCounts;
  /** why the rest was not asked for; null: all were */
  error: string | null;
}

/**
 * Asks the API by name for points that are silent while their site is not, and stores what it has. Never moves the watermark. Safe to
 * repeat, and to run beside a sync. A failed request ends the run, and the next one begins with its point.
 * @param front up to here the site has served, epoch ms; null: no window of the sync has ended yet, and nobody is asked for
 * @throws the errors of D1 and R2, after retries; what was stored before stays
 */
export async function askSilentPoints(
  context: InquiryContext,
  site: { readonly id: number; readonly name: string },
  front: number | null,
): Promise<Inquiries> {
  const { db, now, deadline, initialLookbackMs } = context;
  const inquiries: Inquiries = { asked: 0, found: 0, inserted: 0, unchanged: 0, rejected: {}, error: null };
  if (front === null) return inquiries;
  const known = await readKnownPoints(db, site.id);
  const chosen = silentPoints(known, { front, now: now(), initialLookbackMs });
  if (chosen.length === 0) return inquiries;
  const catalog = await loadCatalog(db, site.id);
  const points = new Map([...catalog.values()].map((point) => [point.id, point]));
  const notes: InquiryNote[] = [];
  try {
    for (const inquiry of chosen) {
      if (now() >= deadline || !context.hasStatements()) break;
      const isNew = await ask(context, site, catalog, points, inquiry, inquiries);
      notes.push({ pointId: inquiry.point.id, ...afterInquiry(inquiry.point, isNew, now()) });
      inquiries.asked++;
      if (isNew) inquiries.found++;
    }
  } catch (error) {
    if (!(error instanceof AceError)) throw error;
    inquiries.error = error.message;
  } finally {
    await noteInquiries(db, notes);
  }
  return inquiries;
}

/** @returns whether it had samples that were not stored before */
async function ask(
  { db, bucket, ace, now, deadline }: InquiryContext,
  site: { readonly id: number; readonly name: string },
  catalog: Catalog,
  points: ReadonlyMap<number, CatalogPoint>,
  { point, from }: PointInquiry,
  inquiries: Inquiries,
): Promise<boolean> {
  const { samples, asked, rejected } = await ace.pointSamples(
    site.name,
    point.name,
    { start: from, end: now() },
    { deadline },
  );
  addRejections(inquiries.rejected, rejected);
  const selection = selectConfigured(samples, catalog);
  addRejections(inquiries.rejected, selection.rejected);
  if (selection.samples.length === 0) return false;
  const seen = seenRanges(selection.samples, points);
  const alongside = seen.length === 0 ? [] : [markSeenStatement(db, seen)];
  const store = { db, siteId: site.id, now, filed: filedSamples(db, bucket, site.id) };
  const counts = await storeSamples(store, selection.samples, asked, alongside);
  countRejection(inquiries.rejected, "same_millisecond", counts.superseded);
  const stored = counts.inserted + counts.changed;
  inquiries.inserted += stored;
  inquiries.unchanged += counts.unchanged;
  return stored > 0;
}
