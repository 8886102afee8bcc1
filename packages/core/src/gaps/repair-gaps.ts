import { AceError } from "../ace/ace-error.ts";
import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import { windowPages } from "../ace/window-pages.ts";
import { type Catalog, type CatalogPoint, loadCatalog } from "../catalog/catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import { filedSamples } from "../day-build/filed-samples.ts";
import { dayOf } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import { hoursOf } from "../domain/time-range.ts";
import { addRejections, countRejection, type RejectionCounts } from "../domain/rejection.ts";
import type { PointSamples } from "../domain/samples.ts";
import { type SampleStore, storeSamples } from "../store/store-samples.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { type Gap, WHOLE_SITE } from "./gap.ts";
import { readDueGaps } from "./gap-store.ts";
import { beginFilling, noteInquiries } from "./write-gaps.ts";
import { afterAsking, askedFor, planRepair, type RepairWindow } from "./repair-plan.ts";

export interface RepairContext {
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  /** used by this run alone, because the run counts its requests */
  readonly ace: AceClient;
  readonly pageSize: PageSize;
  /** requests after which no further window begins; a window may exceed it */
  readonly maxRequests: number;
  /** `due`: gaps whose next attempt is due; `open`: all open gaps */
  readonly ask: "due" | "open";
  /** minimum time between a gap's end and the begin of the last proof that it is empty, milliseconds */
  readonly confirmMs: number;
  /** epoch ms */
  readonly now: () => number;
  /** no request begins after this, epoch ms */
  readonly deadline: number;
}

/** Result of asking for gaps. */
export interface Repair {
  /** gaps asked for */
  asked: number;
  windows: number;
  /** windows that were not read to their end */
  incomplete: number;
  requests: number;
  /** gaps asked for to their end after samples arrived; their days are scanned again */
  filled: number;
  /** samples in gaps, by the outcome of storing them */
  inserted: number;
  changed: number;
  unchanged: number;
  /** records rejected, by reason */
  readonly rejected: RejectionCounts;
}

/** How far a window extends beyond its range, because the upstream does not document which bounds are inclusive. */
const OVERLAP_MS = 1;

/**
 * Asks the upstream for open gaps of a site and stores the answers in the hot level, which overrides day files.
 * Never moves the watermark. Safe to repeat, and to run beside a sync.
 * @param until see `detectGaps`
 * @throws the error of D1, after retries; samples stored before stay
 */
export async function repairGaps(
  context: RepairContext,
  site: { readonly id: number; readonly name: string },
  until: number,
): Promise<Repair> {
  const { db, ace, now, ask, maxRequests, deadline } = context;
  const began = now();
  const callsBefore = ace.calls;
  const counts = { asked: 0, windows: 0, incomplete: 0, requests: 0, filled: 0, inserted: 0, changed: 0, unchanged: 0 };
  const repair: Repair = { ...counts, rejected: {} };
  const due = await readDueGaps(db, site.id, ask === "due" ? began : Number.MAX_SAFE_INTEGER);
  const windows = planRepair(due, until);
  if (windows.length === 0) return repair;
  const catalog = await loadCatalog(db, site.id);
  const ended = new Map<Gap, Set<number>>();
  const errors = new Map<Gap, string>();
  const pageSize = new AdaptivePageSize(context.pageSize, null, now);
  const run: Run = { site, catalog, pageSize, begun: new Set(), served: new Set(), repair };
  for (const window of windows) {
    if (now() >= deadline || ace.calls - callsBefore >= maxRequests) break;
    repair.windows++;
    for (const gap of window.gaps) if (!ended.has(gap)) ended.set(gap, new Set());
    const { isEnded, error } = await askFor(context, run, window);
    for (const gap of window.gaps) {
      if (isEnded) ended.get(gap)?.add(hourOf(window.start));
      else if (error !== null) errors.set(gap, error);
    }
    if (isEnded) continue;
    // The client has retried already, so the next window would fail too. The gaps of windows that were not tried stay
    // due.
    repair.incomplete++;
    break;
  }
  const noted = [...ended].flatMap(([gap, hours]) => {
    const asked = askedFor(gap, until);
    const isServed = run.served.has(gap);
    const answers = { ended: hours, isServed, error: errors.get(gap) ?? null };
    const note = afterAsking(gap, asked, answers, context.confirmMs, began);
    if (note === null) return [];
    const isFilling = gap.filledTo !== null || run.begun.has(gap);
    // The range may hold samples that were stored before, and then no fingerprint has changed: scan these days again.
    const filled = isFilling ? hoursOf({ start: gap.start, end: note.filledTo ?? asked.end }).map(dayOf) : [];
    return [{ gap: note, filledDays: filled }];
  });
  await noteInquiries(db, site.id, noted);
  repair.asked = noted.length;
  repair.filled = noted.filter(({ gap, filledDays }) => filledDays.length > 0 && gap.filledTo === null).length;
  repair.requests = ace.calls - callsBefore;
  return repair;
}

/** The site of a run, and its results so far. */
interface Run {
  readonly site: { readonly id: number; readonly name: string };
  readonly catalog: Catalog;
  readonly pageSize: AdaptivePageSize;
  /** gaps that this run has marked as filling */
  readonly begun: Set<Gap>;
  /** gaps with arrived samples */
  readonly served: Set<Gap>;
  readonly repair: Repair;
}

/** Result of one window. */
interface Asking {
  /** whether the upstream proved that the window was complete */
  readonly isEnded: boolean;
  /** null: ended, or another run changed a gap meanwhile */
  readonly error: string | null;
}

async function askFor(
  { db, bucket, ace, deadline, now }: RepairContext,
  { site, catalog, pageSize, begun, served, repair }: Run,
  { start, end, gaps }: RepairWindow,
): Promise<Asking> {
  const range = { start: start - OVERLAP_MS, end: end + OVERLAP_MS };
  const ofPoint = Map.groupBy(gaps, ({ pointId }) => pointId);
  const points = new Map([...catalog.values()].map((point) => [point.id, point]));
  let isProven = false;
  const pages = windowPages(ace, site.name, range, { pageSize, deadline });
  for (;;) {
    let page;
    try {
      page = await pages.next();
    } catch (error) {
      if (!(error instanceof AceError)) throw error;
      return { isEnded: false, error: error.message };
    }
    if (page.done === true) {
      return { isEnded: isProven, error: isProven ? null : "the upstream did not prove the end of the window" };
    }
    const { next } = page.value;
    const { samples, asked, rejected } = page.value.page;
    addRejections(repair.rejected, rejected);
    const selection = selectConfigured(samples, catalog);
    addRejections(repair.rejected, selection.rejected);
    const found = samplesInGaps(selection.samples, ofPoint);
    const first = [...found.ofPoints, ...found.ofSite].filter((gap) => !begun.has(gap));
    const from = first.map((gap) => ({ gap, from: gap.filledTo ?? gap.start }));
    if (first.length > 0 && !(await beginFilling(db, site.id, from))) return { isEnded: false, error: null };
    for (const gap of first) begun.add(gap);
    const isNew = await store(
      { db, siteId: site.id, now, filed: filedSamples(db, bucket, site.id) },
      found,
      asked,
      points,
      repair,
    );
    for (const gap of found.ofPoints) served.add(gap);
    // A few points of the site may have had samples all the time: only new samples fill a gap of the site.
    for (const gap of isNew ? found.ofSite : []) served.add(gap);
    isProven = next === null;
  }
}

interface FoundSamples {
  readonly samples: PointSamples;
  /** points' gaps with samples */
  readonly ofPoints: ReadonlySet<Gap>;
  /** the site's gaps with samples */
  readonly ofSite: ReadonlySet<Gap>;
}

/** Keeps the samples that lie in a gap of their point, or of the site. */
function samplesInGaps(
  { pointIds, times, values, length }: PointSamples,
  gaps: ReadonlyMap<number, readonly Gap[]>,
): FoundSamples {
  const kept: number[] = [];
  const ofPoints = new Set<Gap>();
  const ofSite = new Set<Gap>();
  const siteGaps = gaps.get(WHOLE_SITE) ?? [];
  for (let i = 0; i < length; i++) {
    const time = times[i]!;
    const holds = ({ start, end }: Gap) => time >= start && time < end;
    const ofPoint = gaps.get(pointIds[i]!)?.find(holds);
    const site = siteGaps.find(holds);
    if (ofPoint !== undefined) ofPoints.add(ofPoint);
    if (site !== undefined) ofSite.add(site);
    if (ofPoint !== undefined || site !== undefined) kept.push(i);
  }
  const samples = {
    pointIds: Int32Array.from(kept, (i) => pointIds[i]!),
    times: Float64Array.from(kept, (i) => times[i]!),
    values: Float64Array.from(kept, (i) => values[i]!),
    length: kept.length,
  };
  return { samples, ofPoints, ofSite };
}

/** @returns whether any sample was not stored before */
async function store(
  into: SampleStore,
  { samples }: FoundSamples,
  asked: number,
  points: ReadonlyMap<number, CatalogPoint>,
  repair: Repair,
): Promise<boolean> {
  if (samples.length === 0) return false;
  const { inserted, changed, unchanged, superseded } = await storeSeen(into.db, seenRanges(samples, points), (seen) =>
    storeSamples(into, samples, asked, seen),
  );
  countRejection(repair.rejected, "same_millisecond", superseded);
  repair.inserted += inserted;
  repair.changed += changed;
  repair.unchanged += unchanged;
  return inserted + changed > 0;
}
