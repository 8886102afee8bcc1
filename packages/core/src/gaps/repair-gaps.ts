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
  /** of this run alone, for it counts its requests */
  readonly ace: AceClient;
  readonly pageSize: PageSize;
  /** requests after which no other gap is asked for; the first window is, however many pages it has */
  readonly maxRequests: number;
  /** `due`: gaps whose time has come; `open`: all */
  readonly ask: "due" | "open";
  /** how long after a gap's end the upstream's last proof that it is empty begins, milliseconds */
  readonly confirmMs: number;
  /** epoch ms */
  readonly now: () => number;
  /** no request is begun after this, epoch ms */
  readonly deadline: number;
}

/** What asking for gaps came to. */
export interface Repair {
  /** gaps that were asked for */
  asked: number;
  windows: number;
  /** windows that did not end */
  incomplete: number;
  requests: number;
  /** gaps that were asked for to their end since samples came: their days are to be looked at again */
  filled: number;
  /** samples in gaps, by what became of them */
  inserted: number;
  changed: number;
  unchanged: number;
  /** records of the windows that are no samples of ours, by reason */
  readonly rejected: RejectionCounts;
}

/** How far a window reaches beyond what is wanted: the upstream does not say which of its bounds are inclusive. */
const OVERLAP_MS = 1;

/**
 * Asks the upstream again for open gaps of a site, and stores what it has in the hot level, which is above any
 * day file. Never moves the watermark. Safe to repeat, and to run beside a sync.
 * @param until see `detectGaps`
 * @throws the error of D1, after retries; what was stored before stays
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
    // Retries were of no use, so neither would the next window be; those that were not tried are due still.
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
    // samples that were stored before may lie in what was asked for, and then no day has changed since it was looked at
    const filled = isFilling ? hoursOf({ start: gap.start, end: note.filledTo ?? asked.end }).map(dayOf) : [];
    return [{ gap: note, filledDays: filled }];
  });
  await noteInquiries(db, site.id, noted);
  repair.asked = noted.length;
  repair.filled = noted.filter(({ gap, filledDays }) => filledDays.length > 0 && gap.filledTo === null).length;
  repair.requests = ace.calls - callsBefore;
  return repair;
}

/** What a run knows of its site, and what came of it so far. */
interface Run {
  readonly site: { readonly id: number; readonly name: string };
  readonly catalog: Catalog;
  readonly pageSize: AdaptivePageSize;
  /** gaps that it has noted as such that samples are coming for */
  readonly begun: Set<Gap>;
  /** gaps for which samples came */
  readonly served: Set<Gap>;
  readonly repair: Repair;
}

/** What came of a window. */
interface Asking {
  /** whether the upstream proved that it was all */
  readonly isEnded: boolean;
  /** why not; null: it was, or another run has changed a gap meanwhile */
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
      return { isEnded: isProven, error: isProven ? null : "the upstream did not prove that the window had ended" };
    }
    const { next } = page.value;
    const { samples, asked, rejected } = page.value.page;
    addRejections(repair.rejected, rejected);
    const selection = selectConfigured(samples, catalog);
    addRejections(repair.rejected, selection.rejected);
    const found = samplesInGaps(selection.samples, ofPoint);
    const first = [...found.own, ...found.ofSite].filter((gap) => !begun.has(gap));
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
    for (const gap of found.own) served.add(gap);
    // In a gap of the site a few points may have samples all the time.
    for (const gap of isNew ? found.ofSite : []) served.add(gap);
    isProven = next === null;
  }
}

interface FoundSamples {
  readonly samples: PointSamples;
  /** gaps of points that they lie in */
  readonly own: ReadonlySet<Gap>;
  /** gaps of the site that they lie in */
  readonly ofSite: ReadonlySet<Gap>;
}

/** Those samples that lie in a gap of their point, or of the site. */
function samplesInGaps(
  { pointIds, times, values, length }: PointSamples,
  gaps: ReadonlyMap<number, readonly Gap[]>,
): FoundSamples {
  const kept: number[] = [];
  const own = new Set<Gap>();
  const ofSite = new Set<Gap>();
  const siteGaps = gaps.get(WHOLE_SITE) ?? [];
  for (let i = 0; i < length; i++) {
    const time = times[i]!;
    const holds = ({ start, end }: Gap) => time >= start && time < end;
    const ofPoint = gaps.get(pointIds[i]!)?.find(holds);
    const site = siteGaps.find(holds);
    if (ofPoint !== undefined) own.add(ofPoint);
    if (site !== undefined) ofSite.add(site);
    if (ofPoint !== undefined || site !== undefined) kept.push(i);
  }
  const samples = {
    pointIds: Int32Array.from(kept, (i) => pointIds[i]!),
    times: Float64Array.from(kept, (i) => times[i]!),
    values: Float64Array.from(kept, (i) => values[i]!),
    length: kept.length,
  };
  return { samples, own, ofSite };
}

/** @returns whether any of them was not stored before */
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
