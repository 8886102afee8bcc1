import { z } from "zod";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { readChecked } from "../d1/read-checked.ts";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { DAYS, dayStart } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { cutGroups, type GroupedSamples, groupByDay } from "./arrivals.ts";
import {
  type Arrival,
  compareArrivals,
  plusCounts,
  type FiledSamples,
  type StoredBefore,
  type StoredCounts,
} from "./compare-arrivals.ts";
import { forgetLatest } from "./forget-latest.ts";
import { touchHours } from "./hot-hours.ts";
import { hoursOfSegment, type NewSegment, segmentJson } from "./new-segments.ts";
import { LatestRows, latestStatement } from "./latest.ts";
import { countLate } from "./late-samples.ts";
import { noteDamaged } from "./damaged-segments.ts";
import { addRows } from "./read-segments.ts";
import { blockStatements, EVERY_STAMP, segmentRowsSchema } from "./whole-blocks.ts";
import { blocksOf } from "../domain/block.ts";
import { insertSegments } from "./segment-rows.ts";
import { clockStatement, isClockMoved, isCommitted, moveClock, parseClock, type SiteClock } from "./site-clock.ts";
import { SeriesBuilder } from "./stored-series.ts";

/** Where samples are stored. */
export interface SampleStore {
  readonly db: D1Database;
  readonly siteId: number;
  /** epoch ms */
  readonly now: () => number;
  readonly backoff?: Backoff;
  /** compares with day files too; absent: a sample that a file has is stored again, until its day is rebuilt */
  readonly filed?: FiledSamples;
}

/**
 * Samples of a transaction. At 32 characters each (10 for an offset, up to 18 for a value), its parameters stay well
 * under the 32 MiB of a Workers RPC call.
 */
const MAX_SAMPLES_PER_BATCH = 450_000;

/** Blocks whose segments one statement reads: 2 MB of text for the minutes that a sync requests again. */
const BLOCKS_AT_ONCE = 40;

/** Attempts, because concurrent runs make one fail. */
const TRIES = 10;

/**
 * Stores samples of a site that the API served. Of two values of one (point, time) the one requested later wins; of two
 * requested together, the later one in the call.
 * - `alongside` are statements that must hold exactly when the samples are stored, like the move of a cursor. They run
 * in the transaction of the last rows.
 * - Safe to repeat, and to run concurrently, so `alongside` must be too: after a lost answer D1 is asked again.
 * - After a failure some samples may be stored. `alongside` is stored only if all of them are.
 * @param asked when their request was sent, epoch ms
 * @throws the error of D1, after retries
 */
export async function storeSamples(
  store: SampleStore,
  samples: PointSamples,
  asked: number,
  alongside: readonly D1PreparedStatement[] = [],
): Promise<StoredCounts> {
  const [counts] = await storeArrivals(store, [{ samples, asked, mode: "win" }], alongside);
  return counts!;
}

/**
 * {@link storeSamples} with last known readings. A reading is stored only if its time has no sample, neither stored nor
 * in `samples`; otherwise it counts as unchanged, even with another value.
 * @throws the error of D1, after retries
 */
export async function storeWithReadings(
  store: SampleStore,
  samples: PointSamples,
  readings: PointSamples,
  asked: number,
  alongside: readonly D1PreparedStatement[],
): Promise<StoredCounts> {
  const missing = withoutTimesOf(readings, samples);
  const [stored, added] = await storeArrivals(
    store,
    [
      { samples, asked, mode: "win" },
      // The API's history wins, however late it arrives.
      { samples: missing, asked: 0, mode: "add" },
    ],
    alongside,
  );
  const { inserted, changed, unchanged, superseded } = stored!;
  const known = readings.length - added!.inserted;
  return { inserted: inserted + added!.inserted, changed, unchanged: unchanged + known, superseded };
}

/** The readings whose (point, time) no sample has. */
function withoutTimesOf(readings: PointSamples, samples: PointSamples): PointSamples {
  if (readings.length === 0) return readings;
  const points = new Set(readings.pointIds);
  const known = new Set<string>();
  for (let i = 0; i < samples.length; i++) {
    if (points.has(samples.pointIds[i]!)) known.add(`${samples.pointIds[i]} ${samples.times[i]}`);
  }
  const rows = Array.from({ length: readings.length }, (_, i) => i);
  const kept = rows.filter((i) => !known.has(`${readings.pointIds[i]} ${readings.times[i]}`));
  return {
    pointIds: Int32Array.from(kept, (i) => readings.pointIds[i]!),
    times: Float64Array.from(kept, (i) => readings.times[i]!),
    values: Float64Array.from(kept, (i) => readings.values[i]!),
    length: kept.length,
  };
}

/**
 * Stores samples at times that have none. Use it for samples that the API may still replace. Otherwise like {@link
 * storeSamples}; a sample that it does not store counts as changed (its value differs) or unchanged.
 * @param asked when their request was sent, epoch ms; 0: they do not come from the API, and any sample of the API
 * replaces them
 * @throws the error of D1, after retries
 */
export async function addMissingSamples(
  store: SampleStore,
  samples: PointSamples,
  asked: number,
  alongside: readonly D1PreparedStatement[],
): Promise<StoredCounts> {
  const [counts] = await storeArrivals(store, [{ samples, asked, mode: "add" }], alongside);
  return counts!;
}

/** @returns the counts of each arrival, in order */
async function storeArrivals(
  store: SampleStore,
  arrivals: readonly Arrival[],
  alongside: readonly D1PreparedStatement[],
): Promise<readonly StoredCounts[]> {
  const grouped = arrivals.map(({ samples }) => groupByDay(samples));
  for (const day of grouped.flatMap(({ days }) => [...days.keys()])) {
    if (day < 0 || day >= DAYS) throw new RangeError(`samples of day ${day} are out of range, 0 to ${DAYS - 1}`);
  }
  let sums: readonly StoredCounts[] = arrivals.map(() => ({ inserted: 0, changed: 0, unchanged: 0, superseded: 0 }));
  const pieces = cutGroups(grouped, MAX_SAMPLES_PER_BATCH);
  for (const [i, piece] of pieces.entries()) {
    const counts = await storePiece(store, arrivals, piece, i === pieces.length - 1 ? alongside : []);
    sums = sums.map((sum, arrival) => plusCounts(sum, counts[arrival]!));
  }
  return sums;
}

/** Stores one transaction's samples. @returns the counts of each arrival, in order */
async function storePiece(
  store: SampleStore,
  arrivals: readonly Arrival[],
  grouped: readonly GroupedSamples[],
  alongside: readonly D1PreparedStatement[],
): Promise<readonly StoredCounts[]> {
  const { db, siteId, backoff } = store;
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await readStoredBefore(store, grouped);
    if (before.latest.damaged.size > 0) {
      await forgetLatest(db, siteId, () => false);
      continue;
    }
    const { segments, counts, late } = compareArrivals(store.now(), arrivals, grouped, before);
    if (segments.length === 0) {
      if (alongside.length > 0) await withD1Retry(() => db.batch([...alongside]), backoff);
      return counts;
    }
    if (await commit(store, before, segments, [...countLate(db, late), ...alongside])) return counts;
  }
  throw new Error(`samples of site ${siteId}: other runs stored samples during each of ${TRIES} attempts`);
}

/** Stored samples, read in one snapshot. */
interface StoredNow extends StoredBefore {
  readonly clock: SiteClock;
  readonly latest: LatestRows;
}

const WATCHED = "SELECT watermark FROM sync_state WHERE site_id = ?1 AND watched_from IS NOT NULL";
const watchedSchema = z.array(z.object({ watermark: z.int().nullable() }));

/** Reads the stored samples at the times of these samples, and the site's clock, in one snapshot. */
async function readStoredBefore(
  { db, siteId, backoff, filed }: SampleStore,
  grouped: readonly GroupedSamples[],
): Promise<StoredNow> {
  const hours = new Set<number>();
  const blocks = new Set<number>();
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { days } of grouped) {
    for (const [day, parts] of days) {
      for (const block of blocksOf(parts.map(({ pointId }) => pointId))) blocks.add(block);
      for (const { offsets } of parts) {
        start = Math.min(start, dayStart(day) + offsets[0]!);
        end = Math.max(end, dayStart(day) + offsets.at(-1)! + 1);
        for (const offset of offsets) hours.add(dayStart(day) + hourOf(offset));
      }
    }
  }
  if (hours.size === 0)
    return { clock: parseClock([]), series: new Map(), latest: new LatestRows([]), watermark: null };
  const range: TimeRange = { start, end };
  const [clock, watched, latest, ...rows] = await readChecked((isChecked) => {
    const statements = [
      clockStatement(db, siteId),
      db.prepare(WATCHED).bind(siteId),
      latestStatement(db, [...blocks]),
      ...blockStatements(db, siteId, [...blocks], [...hours], range, EVERY_STAMP, BLOCKS_AT_ONCE, isChecked),
    ];
    return withD1Retry(() => db.batch(statements), backoff);
  });
  const builders = new Map<number, SeriesBuilder>();
  const incoming = new Set(
    grouped.flatMap(({ days }) => [...days.values()].flatMap((parts) => parts.map(({ pointId }) => pointId))),
  );
  const builderOf = (id: number, time: number): SeriesBuilder | undefined => {
    if (!incoming.has(id) || time < start || time >= end) return undefined;
    let builder = builders.get(id);
    if (builder === undefined) builders.set(id, (builder = new SeriesBuilder()));
    return builder;
  };
  // Samples of a damaged segment count as not stored, so they are stored again.
  const unread = rows.flatMap(({ results }) => addRows(segmentRowsSchema.parse(results), builderOf));
  await noteDamaged(db, siteId, unread, backoff);
  // After the segments: samples that are settled meanwhile are in both, never in neither.
  for (const day of filed === undefined ? [] : new Set(grouped.flatMap(({ days }) => [...days.keys()]))) {
    for (const [id, { times, values, asked }] of await filed!(day, [...incoming])) {
      times.forEach((time, i) => builderOf(id, time)?.add(time, values[i]!, asked[i]!));
    }
  }
  return {
    clock: parseClock(clock?.results),
    series: new Map([...builders].map(([id, builder]) => [id, builder.finish()])),
    latest: new LatestRows(latest?.results),
    watermark: watchedSchema.parse(watched?.results)[0]?.watermark ?? null,
  };
}

interface StampedSegment {
  readonly segment: NewSegment;
  /** its stamp minus that of the clock before its batch */
  readonly step: number;
}

/** Segments of one block and day take successive stamps. */
function stampSegments(segments: readonly NewSegment[]): StampedSegment[] {
  const steps = new Map<string, number>();
  return segments.map((segment) => {
    const place = `${segment.block} ${segment.day}`;
    const step = (steps.get(place) ?? 0) + 1;
    steps.set(place, step);
    return { segment, step };
  });
}

/**
 * Stores segments in one transaction.
 * @param before what the segments were compared with
 * @returns false: another run stored samples since, and nothing was stored
 */
async function commit(
  { db, siteId, backoff }: SampleStore,
  { clock: from, latest }: StoredNow,
  segments: readonly NewSegment[],
  alongside: readonly D1PreparedStatement[],
): Promise<boolean> {
  const stamped = stampSegments(segments);
  const to = from.stamp + stamped.reduce((most, { step }) => Math.max(most, step), 0);
  const hours = new Set(segments.flatMap((segment) => [...hoursOfSegment(segment)]));
  const rows = [
    ...jsonChunks(stamped, ({ segment, step }) => segmentJson(segment, from.stamp + step), MAX_ASCII_CHARS),
  ];
  const token = crypto.randomUUID();
  const newest = latest.update(db, segments);
  const statements = [
    ...moveClock(db, siteId, { from, to, token }),
    ...rows.map(({ json }) => insertSegments(db, json)),
    touchHours(db, siteId, hours, { first: from.stamp + 1, last: to }),
    ...(newest === null ? [] : [newest]),
    ...alongside,
  ];
  try {
    await withD1Retry(() => db.batch(statements), backoff);
    return true;
  } catch (error) {
    if (!isClockMoved(error)) throw error;
    // The batch was committed, but its answer was lost.
    if (await withD1Retry(() => isCommitted(db, siteId, token), backoff)) return true;
    const clock = parseClock((await withD1Retry(() => clockStatement(db, siteId).all(), backoff)).results);
    // The batch failed for another reason than the clock.
    if (clock.stamp === from.stamp && clock.token === from.token) throw error;
    return false;
  }
}
