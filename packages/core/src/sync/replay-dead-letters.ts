import { z } from "zod";
import { type Catalog, type CatalogPoint, loadCatalog } from "../catalog/catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import { CURRENT_FIELDS, decodeRows, OLDER_FIELDS } from "../ace/rows.ts";
import { dayFence, isFenced } from "../store/day-fence.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf } from "../domain/day.ts";
import { addRejections, countRejection, type RejectionCounts } from "../domain/rejection.ts";
import { storedPointName } from "../domain/weather.ts";
import { joinSamples, NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import type { StoredCounts } from "../store/compare-arrivals.ts";
import { addMissingSamples, type SampleStore } from "../store/store-samples.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import {
  dropDeadLetters,
  dropStatement,
  type DeadLetterFilter,
  readDeadLetters,
  type StoredDeadLetter,
} from "./dead-letters.ts";

const settledSchema = z.array(z.object({ day: z.int() }));

/** The most dead letters of one replay. */
const REPLAYED_AT_ONCE = 500;

/** The outcomes of a replay; they add up to `letters`. */
export interface Replay {
  readonly letters: number;
  /** now valid samples, and stored: their dead letters are deleted */
  stored: number;
  /** now valid samples, but a sample with the same time exists and stays: their dead letters are deleted */
  present: number;
  /**
   * now valid samples of days that have a day file or were deleted. Build the day again from the API; the dead letters
   * stay
   */
  settled: number;
  /** failed writes whose window a sync has stored since: their dead letters are deleted */
  recovered: number;
  /** failed writes whose window the sync will request again; they stay */
  waiting: number;
  /** truncated records, which cannot be read; they stay */
  unreadable: number;
  /** records that are still rejected, by today's reason; they stay */
  readonly rejected: RejectionCounts;
  /** cursor of the next call; null: all are done */
  readonly nextCursor: number | null;
}

/**
 * The sum of the replays in two databases. Where both have more, the next call repeats some of one, which does no harm.
 */
export function joinReplays(a: Replay, b: Replay): Replay {
  const rejected = { ...a.rejected };
  addRejections(rejected, b.rejected);
  return {
    letters: a.letters + b.letters,
    stored: a.stored + b.stored,
    present: a.present + b.present,
    settled: a.settled + b.settled,
    recovered: a.recovered + b.recovered,
    waiting: a.waiting + b.waiting,
    unreadable: a.unreadable + b.unreadable,
    rejected,
    nextCursor:
      a.nextCursor === null || b.nextCursor === null
        ? (a.nextCursor ?? b.nextCursor)
        : Math.max(a.nextCursor, b.nextCursor),
  };
}

interface Site {
  readonly siteId: number;
  readonly name: string;
  /** epoch ms */
  readonly watermark: number | null;
}

/**
 * Decodes rejected records again, by today's catalogue and rules, and stores those that are valid now. A stored sample
 * is the API's later value, and stays. Safe to repeat, and to run beside a sync.
 *
 * @param sites those of the filter's dead letters
 * @param now epoch ms
 * @param before only dead letters with a smaller id: the `nextCursor` of the call before
 * @throws the error of D1; samples that were stored before it stay stored
 */
export async function replayDeadLetters(
  db: D1Database,
  sites: readonly Site[],
  filter: Omit<DeadLetterFilter, "siteIds">,
  now: number,
  before?: number,
): Promise<Replay> {
  const siteIds = sites.map(({ siteId }) => siteId);
  const letters = await readDeadLetters(db, { ...filter, siteIds }, REPLAYED_AT_ONCE, before);
  const nextCursor = letters.length < REPLAYED_AT_ONCE ? null : (letters.at(-1)?.id ?? null);
  const counts = { stored: 0, present: 0, settled: 0, recovered: 0, waiting: 0, unreadable: 0, rejected: {} };
  const replay: Replay = { letters: letters.length, ...counts, nextCursor };
  for (const site of sites) {
    // oldest first: of two dead letters with one time the newer is the API's later value
    const ofSite = letters.filter(({ siteId }) => siteId === site.siteId).toReversed();
    if (ofSite.length > 0) await replaySite(db, site, ofSite, now, replay);
  }
  return replay;
}

/** A dead letter that is a valid sample now. */
interface DecodedDeadLetter {
  readonly id: number;
  /** start of its sync, epoch ms */
  readonly at: number;
  readonly sample: PointSamples;
}

async function replaySite(
  db: D1Database,
  { siteId, name, watermark }: Site,
  letters: readonly StoredDeadLetter[],
  now: number,
  replay: Replay,
): Promise<void> {
  const catalog = await loadCatalog(db, siteId);
  const recovered: number[] = [];
  const decoded: DecodedDeadLetter[] = [];
  for (const { id, at, page, about } of letters) {
    if (about.reason === "write_failed") {
      if (watermark === null || page === null || watermark < page.window.end) replay.waiting++;
      else recovered.push(id);
      continue;
    }
    const sample = decodeAgain(about.record, name, catalog, now, replay);
    if (sample.length > 0) decoded.push({ id, at, sample });
  }
  if (recovered.length > 0) {
    await dropDeadLetters(db, { siteIds: [siteId], ids: recovered });
    replay.recovered += recovered.length;
  }
  const byDay = Map.groupBy(decoded, ({ sample }) => dayOf(sample.times[0]!));
  const settled = await settledDays(db, siteId, [...byDay.keys()]);
  const store = { db, siteId, now: () => now };
  const byId = new Map([...catalog.values()].map((point) => [point.id, point]));
  for (const [day, ofDay] of byDay) {
    const counts = settled.has(day) ? null : await storeDay(store, day, ofDay, byId);
    if (counts === null) replay.settled += ofDay.length;
    else {
      replay.stored += counts.inserted;
      replay.present += counts.changed + counts.unchanged + counts.superseded;
    }
  }
}

/** @returns null, and stores nothing, if the day has a file by now */
async function storeDay(
  store: SampleStore,
  day: number,
  letters: readonly DecodedDeadLetter[],
  points: ReadonlyMap<number, CatalogPoint>,
): Promise<StoredCounts | null> {
  const { db, siteId } = store;
  // the sync of the first dead letter may have asked before the others'
  const asked = Math.min(...letters.map(({ at }) => at));
  const samples = letters.map(({ sample }) => sample).reduce(joinSamples);
  const drop = dropStatement(
    db,
    letters.map(({ id }) => id),
  );
  try {
    return await storeSeen(db, seenRanges(samples, points), (seen) =>
      addMissingSamples(store, samples, asked, [dayFence(db, siteId, day, null), ...seen, drop]),
    );
  } catch (error) {
    if (isFenced(error)) return null;
    throw error;
  }
}

const SETTLED_DAYS = `
SELECT day FROM day_files WHERE site_id = ?1 AND (key IS NOT NULL OR deleted_at IS NOT NULL) AND day IN (SELECT value FROM json_each(?2))`;

/** Days, of these, that have a day file, whose samples are not in D1, or that were deleted. */
async function settledDays(db: D1Database, siteId: number, days: readonly number[]): Promise<Set<number>> {
  if (days.length === 0) return new Set();
  const statement = db.prepare(SETTLED_DAYS).bind(siteId, JSON.stringify([...new Set(days)]));
  const { results } = await withD1Retry(() => statement.all());
  return new Set(settledSchema.parse(results).map(({ day }) => day));
}

/** Decodes one record: a sample, or a counted rejection. */
function decodeAgain(record: string, site: string, catalog: Catalog, now: number, replay: Replay): PointSamples {
  let raw: unknown;
  try {
    raw = JSON.parse(record);
  } catch {
    replay.unreadable++;
    return NO_SAMPLES;
  }
  const isOlder = typeof raw === "object" && raw !== null && OLDER_FIELDS.name in raw && !(CURRENT_FIELDS.name in raw);
  const decoded = decodeRows([raw], isOlder ? OLDER_FIELDS : CURRENT_FIELDS, now);
  // A record has the upstream's name of its point.
  const names = decoded.samples.names.map((name) => storedPointName(site, name));
  const selection = selectConfigured({ ...decoded.samples, names }, catalog);
  for (const { reason } of decoded.rejectedRecords) countRejection(replay.rejected, reason);
  if (selection.rejected.unconfigured !== undefined) countRejection(replay.rejected, "unconfigured");
  return selection.samples;
}
