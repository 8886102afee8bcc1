import { type JsonChunk, jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import type { PointSamples } from "../domain/samples.ts";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { newRevision, touchHours } from "./hot-hours.ts";
import { decodeRows, encodeSamples, groupByHour, type HourRow } from "./hour-row.ts";
import { rowKey } from "./row-key.ts";

/** What an upsert did with each sample it was given; the four add up to the samples given. */
export interface UpsertCounts {
  /** samples at a (point, time) that held none before */
  readonly inserted: number;
  /** samples that took the place of another value */
  readonly changed: number;
  /** samples that were there already, bit for bit */
  readonly unchanged: number;
  /** samples for which a later one of the same call was kept: same point and millisecond, another value */
  readonly superseded: number;
}

/** Characters of rows a batch, so that its parameters stay well under the 32 MiB of a Workers RPC call. */
const MAX_CHARS_A_BATCH = 8 * MAX_ASCII_CHARS;

/** Of the 1,000 statements that an invocation may make, so that a site of few samples and many hours does no harm. */
const MAX_CHUNKS_A_BATCH = 50;

/** Statements of a chunk, in their order: the rows as they were, the merge, and the touch of its hour. */
const STATEMENTS_A_CHUNK = 3;

/** A watermark is never ahead of the clock, so that no sample is late before this after the start of its hour. */
const LATE_MS = 2 * HOUR_MS;

/**
 * Merges rows into their hours in SQL: atomic, idempotent, and nothing is written where nothing changes. `->` and
 * json_patch carry a number's text as it is, so doubles come back bit for bit.
 *
 * Each change of a row gives it the batch's revision, which the row has not had, so that the archive can delete a row exactly as
 * it read it, and the batch can tell which rows it changed.
 * ?1: JSON array of [key, {offset: value}], ?2: {@link newRevision}.
 */
const MERGE_ROWS = `
INSERT INTO sample_hours (hour_point, samples, revision)
SELECT value ->> 0, value -> 1, ?2 FROM json_each(?1) WHERE true
ON CONFLICT (hour_point) DO UPDATE SET samples = json_patch(samples, excluded.samples), revision = ?2
WHERE samples IS NOT json_patch(samples, excluded.samples)`;

/** As {@link MERGE_ROWS}, but a sample that is there stays as it is. */
export const ADD_TO_ROWS = `
INSERT INTO sample_hours (hour_point, samples, revision)
SELECT value ->> 0, value -> 1, ?2 FROM json_each(?1) WHERE true
ON CONFLICT (hour_point) DO UPDATE SET samples = json_patch(excluded.samples, samples), revision = ?2
WHERE EXISTS (
  SELECT 1 FROM json_each(excluded.samples) e
  WHERE NOT EXISTS (SELECT 1 FROM json_each(sample_hours.samples) s WHERE s.key = e.key)
)`;

/**
 * The rows as they were before the merge, read in the same transaction: counting new and changed samples in SQL takes
 * twice as long as the merge itself. ?1: JSON array of keys.
 */
const READ_ROWS = `
SELECT h.hour_point, h.samples FROM json_each(?1) k CROSS JOIN sample_hours h ON h.hour_point = k.value`;

/**
 * Counts the samples that are new, and late: the site's watermark has passed their hour by more than an hour. To be run
 * before the merge, and only where it may be so, for the JSON is large. Where the batch is repeated, they are not new any
 * more.
 * ?1: JSON array of [key, {offset: value}] of one hour, ?2: the start of it.
 */
const COUNT_LATE = `
INSERT INTO late_samples (point_day, samples)
SELECT t.point_day, t.new FROM (
  SELECT (p.id << 16) + ((k.value ->> 0) >> 20) / 24 AS point_day,
    (SELECT count(*) FROM json_each(json_patch(coalesce(h.samples, '{}'), k.value -> 1)))
      - (SELECT count(*) FROM json_each(coalesce(h.samples, '{}'))) AS new
  FROM sync_state y
  CROSS JOIN json_each(?1) k
  CROSS JOIN points p ON p.id = (k.value ->> 0) & 1048575
  LEFT JOIN sample_hours h ON h.hour_point = k.value ->> 0
  WHERE y.watched_from IS NOT NULL AND y.watermark > ?2 + 7200000 AND p.site_id = y.site_id
) t WHERE t.new > 0
ON CONFLICT (point_day) DO UPDATE SET samples = samples + excluded.samples`;

function keyOf(row: HourRow): number {
  return rowKey(row.hour, row.pointId);
}

/** A row as {@link MERGE_ROWS} takes it: 60 samples are about 2 KB. */
function rowJson(row: HourRow): string {
  return `[${keyOf(row)},${encodeSamples(row)}]`;
}

interface MergeChunk extends JsonChunk<HourRow> {
  /** of the {@link Merge} that it is a part of */
  readonly index: number;
}

/** Chunks of one hour each, so that an hour is touched exactly when one of its own rows changed; batches of them. */
function* batchesOf(merges: readonly (readonly HourRow[])[]): Generator<MergeChunk[]> {
  let batch: MergeChunk[] = [];
  let chars = 0;
  for (const [index, rows] of merges.entries()) {
    for (const ofHour of Map.groupBy(rows, ({ hour }) => hour).values()) {
      for (const chunk of jsonChunks(ofHour, rowJson, MAX_ASCII_CHARS)) {
        const isFull = batch.length === MAX_CHUNKS_A_BATCH || chars + chunk.json.length > MAX_CHARS_A_BATCH;
        if (batch.length > 0 && isFull) {
          yield batch;
          batch = [];
          chars = 0;
        }
        batch.push({ ...chunk, index });
        chars += chunk.json.length;
      }
    }
  }
  yield batch;
}

/** Counts `incoming` against what its row held before. Both are ascending, so one pass over each. */
function countAgainst(incoming: HourRow, stored: HourRow | undefined): UpsertCounts {
  if (stored === undefined) return { inserted: incoming.offsets.length, changed: 0, unchanged: 0, superseded: 0 };
  let changed = 0;
  let unchanged = 0;
  let at = 0;
  for (let i = 0; i < incoming.offsets.length; i++) {
    while (at < stored.offsets.length && stored.offsets[at]! < incoming.offsets[i]!) at++;
    if (stored.offsets[at] !== incoming.offsets[i]) continue;
    if (Object.is(stored.values[at], incoming.values[i])) unchanged++;
    else changed++;
  }
  return { inserted: incoming.offsets.length - changed - unchanged, changed, unchanged, superseded: 0 };
}

/**
 * Stores samples in the hot level. The later of two samples of one (point, millisecond) wins, within a call and
 * between calls.
 *
 * `alongside` are statements that must be true exactly when the samples are stored, such as the move of a cursor: they
 * run in the transaction of the last rows. Safe to repeat, and to run beside itself, so `alongside` must be too: where
 * a commit's answer was lost, D1 is asked again, and its samples count as unchanged. After a failure some of the
 * samples may be stored; `alongside` is only if all of them are.
 * @throws the error of D1, after retries
 */
export async function upsertSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
  backoff?: Backoff,
  now: () => number = Date.now,
): Promise<UpsertCounts> {
  const [counts] = await mergeSamples(db, [{ sql: MERGE_ROWS, samples }], alongside, now, backoff);
  return counts!;
}

/**
 * Stores samples as {@link upsertSamples} does, and last known readings with them: each where no sample is at its time,
 * neither stored nor among `samples`. Readings that are not stored count as unchanged, whatever their value.
 * @throws the error of D1, after retries
 */
export async function upsertWithReadings(
  db: D1Database,
  samples: PointSamples,
  readings: PointSamples,
  alongside: readonly D1PreparedStatement[],
  now: () => number,
): Promise<UpsertCounts> {
  const missing = withoutTimesOf(readings, samples);
  const merges = [
    { sql: MERGE_ROWS, samples },
    { sql: ADD_TO_ROWS, samples: missing },
  ];
  const [stored, added] = await mergeSamples(db, merges, alongside, now);
  const { inserted, changed, unchanged, superseded } = stored!;
  const known = readings.length - added!.inserted;
  return { inserted: inserted + added!.inserted, changed, unchanged: unchanged + known, superseded };
}

/** Those readings whose (point, time) no sample has. */
function withoutTimesOf(readings: PointSamples, samples: PointSamples): PointSamples {
  if (readings.length === 0) return readings;
  const points = new Set(readings.pointIds);
  const known = new Set<string>();
  for (let i = 0; i < samples.length; i++) {
    if (points.has(samples.pointIds[i]!)) known.add(`${samples.pointIds[i]} ${samples.times[i]}`);
  }
  const kept = [...readings.pointIds.keys()].filter((i) => !known.has(`${readings.pointIds[i]} ${readings.times[i]}`));
  return {
    pointIds: Int32Array.from(kept, (i) => readings.pointIds[i]!),
    times: Float64Array.from(kept, (i) => readings.times[i]!),
    values: Float64Array.from(kept, (i) => readings.values[i]!),
    length: kept.length,
  };
}

/**
 * Stores samples in the hot level where it has none at their time; for those that are not the API's latest word.
 * Otherwise as {@link upsertSamples}; those that it did not store count as changed (their value differs) or unchanged.
 * @throws the error of D1, after retries
 */
export async function addMissingSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[],
): Promise<UpsertCounts> {
  const [counts] = await mergeSamples(db, [{ sql: ADD_TO_ROWS, samples }], alongside, Date.now);
  return counts!;
}

/** Samples, and the statement that merges their rows into what is stored. */
interface Merge {
  readonly sql: string;
  readonly samples: PointSamples;
}

/** @returns the counts of each merge, in their order */
async function mergeSamples(
  db: D1Database,
  merges: readonly Merge[],
  alongside: readonly D1PreparedStatement[],
  now: () => number,
  backoff?: Backoff,
): Promise<UpsertCounts[]> {
  const grouped = merges.map(({ samples }) => groupByHour(samples));
  const read = db.prepare(READ_ROWS);
  const countLate = db.prepare(COUNT_LATE);
  const statement = merges.map(({ sql }) => db.prepare(sql));
  const counts = grouped.map(({ repeated, replaced }) => {
    return { inserted: 0, changed: 0, unchanged: repeated, superseded: replaced };
  });
  const batches = [...batchesOf(grouped.map(({ rows }) => rows))];
  for (const [i, group] of batches.entries()) {
    const old = group.filter(({ items }) => items[0]!.hour + LATE_MS < now());
    const counting = old.map(({ json, items }) => countLate.bind(json, items[0]!.hour));
    const besides = i === batches.length - 1 ? alongside : [];
    if (group.length + besides.length === 0) break;
    const results = await withD1Retry(() => {
      const revision = newRevision();
      return db.batch([
        ...counting,
        ...group.flatMap(({ items, json, index }) => {
          const keys = JSON.stringify(items.map(keyOf));
          return [read.bind(keys), statement[index]!.bind(json, revision), touchHours(db, keys, revision)];
        }),
        ...besides,
      ]);
    }, backoff);
    group.forEach((chunk, at) => {
      const stored = decodeRows(results[counting.length + at * STATEMENTS_A_CHUNK]?.results);
      const before = new Map(stored.map((row) => [keyOf(row), row]));
      const sums = counts[chunk.index]!;
      for (const row of chunk.items) {
        const one = countAgainst(row, before.get(keyOf(row)));
        sums.inserted += one.inserted;
        sums.changed += one.changed;
        sums.unchanged += one.unchanged;
      }
    });
  }
  return counts;
}
