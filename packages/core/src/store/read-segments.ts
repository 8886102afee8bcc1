import { z } from "zod";
import { readChecked } from "../d1/read-checked.ts";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { type DamagedSegment, noteDamaged, type UnreadRow } from "./damaged-segments.ts";
import { decodeBody, type PointPart, StoredRowError } from "./segment-body.ts";
import { blocksOf } from "../domain/block.ts";
import { pickBatches, pickedRows, pickStatement, type SegmentRow, type SegmentsWanted } from "./pick-points.ts";
import { placeOfKey } from "./segment-key.ts";
import { SeriesBuilder, type StoredSeries } from "./stored-series.ts";
import { MAX_BLOCKS_PER_QUERY, blockStatements, segmentRowsSchema } from "./whole-blocks.ts";

/** The cost of a read, which the API returns and benchmarks count. */
export interface ReadCost {
  statements: number;
  /** rows that D1 bills as read */
  rowsRead: number;
}

/**
 * Reads the samples of points that are in segments and in no day file. A point without any has an empty series. A
 * damaged segment is skipped and copied. Memory: 24 bytes a sample, and the text of a batch.
 * @param range half-open, epoch ms
 * @throws the error of D1, after retries
 */
export async function readSeries(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  range: TimeRange,
  cost?: ReadCost,
  backoff?: Backoff,
): Promise<Map<number, StoredSeries>> {
  return readSeriesOfHours(db, siteId, pointIds, hoursOf(range), range, cost, backoff);
}

/** {@link readSeries} of some hours of the range only. @param hours starts of UTC hours, epoch milliseconds */
export async function readSeriesOfHours(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  hours: readonly number[],
  range: TimeRange,
  cost?: ReadCost,
  backoff?: Backoff,
): Promise<Map<number, StoredSeries>> {
  const wanted = { siteId, hours: new Map(pointIds.map((id) => [id, hours])), range };
  return (await readSeriesBeside(db, wanted, NOTHING_BESIDE, cost, backoff)).series;
}

/** The samples of segments, and the results of the other statements. */
export interface ReadSeries {
  readonly series: Map<number, StoredSeries>;
  readonly beside: readonly D1Result[];
  /** skipped segments of the wanted hours */
  readonly damaged: readonly DamagedSegment[];
}

/** Statements that only read. @param isChecked see `readChecked` */
export type Beside = (isChecked: boolean) => readonly D1PreparedStatement[];

export const NOTHING_BESIDE: Beside = () => [];

/**
 * {@link readSeries} with hours per point, and with other statements in the transaction of the last segments: their
 * results are never older than the samples. Up to 100 points are read in one transaction.
 */
export async function readSeriesBeside(
  db: D1Database,
  { siteId, hours: wanted, range }: SegmentsWanted,
  beside: Beside,
  cost: ReadCost = { statements: 0, rowsRead: 0 },
  backoff?: Backoff,
): Promise<ReadSeries> {
  const builders = new Map([...wanted.keys()].map((id) => [id, new SeriesBuilder()]));
  const sets = new Map([...new Set(wanted.values())].map((hours) => [hours, new Set(hours)]));
  const ids = [...wanted].flatMap(([id, hours]) => (hours.length > 0 ? [id] : []));
  const [from, to] = [Math.max(range.start, Number.MIN_SAFE_INTEGER), Math.min(range.end, Number.MAX_SAFE_INTEGER)];
  const batches = pickBatches(ids);
  let found: readonly D1Result[] = [];
  const unread: UnreadRow[] = [];
  for (const [i, picks] of batches.entries()) {
    const isLast = i === batches.length - 1;
    const results = await readChecked((isChecked) => {
      const all = { siteId, hours: wanted, range: { start: from, end: to } };
      const statements = picks.map((pick) => pickStatement(db, all, pick, isChecked));
      return withD1Retry(() => db.batch([...statements, ...(isLast ? beside(isChecked) : [])]), backoff);
    });
    for (const [at, pick] of picks.entries()) {
      cost.statements++;
      cost.rowsRead += results[at]?.meta.rows_read ?? 0;
      const skipped = addRows(pickedRows(results[at]?.results, pick), (id, time) => {
        const isWanted = time >= range.start && time < range.end && sets.get(wanted.get(id) ?? [])?.has(hourOf(time));
        return isWanted === true ? builders.get(id) : undefined;
      });
      unread.push(...skipped);
    }
    found = results.slice(picks.length);
  }
  if (batches.length === 0 && beside !== NOTHING_BESIDE) {
    found = await readChecked((isChecked) => withD1Retry(() => db.batch([...beside(isChecked)]), backoff));
  }
  const series = new Map([...builders].map(([id, builder]) => [id, builder.finish()]));
  const damaged = (await noteDamaged(db, siteId, unread, backoff)).filter(
    (segment) =>
      segment.range.start < range.end && segment.range.end > range.start && touches(segment.range, sets.keys()),
  );
  return { series, beside: found, damaged };
}

/** Whether a range overlaps one of these hours. */
function touches({ start, end }: TimeRange, sets: Iterable<readonly number[]>): boolean {
  for (const hours of sets) if (hours.some((hour) => hour < end && hour + HOUR_MS > start)) return true;
  return false;
}

/**
 * Adds the samples of rows to builders.
 * @param builderOf undefined: the sample is not wanted @returns damaged rows, from which nothing was added
 */
export function addRows(
  rows: readonly SegmentRow[],
  builderOf: (pointId: number, time: number) => SeriesBuilder | undefined,
): UnreadRow[] {
  const unread: UnreadRow[] = [];
  // Sorting in SQL would hold all bodies and bill each row twice.
  for (const { key, asked, body } of rows.toSorted((a, b) => a.key - b.key)) {
    const start = dayStart(placeOfKey(key).day);
    for (const { pointId, offsets, values } of partsOf(key, body, unread)) {
      for (const [i, offset] of offsets.entries()) {
        builderOf(pointId, start + offset)?.add(start + offset, values[i]!, asked);
      }
    }
  }
  return unread;
}

function partsOf(key: number, body: string | null, unread: UnreadRow[]): PointPart[] {
  try {
    return decodeBody(key, body);
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error;
    unread.push({ key, reason: error.reason });
    return [];
  }
}

/** The blocks of a site's points, ascending. */
async function readSiteBlocks(db: D1Database, siteId: number): Promise<number[]> {
  const { results } = await withD1Retry(() =>
    db.prepare("SELECT id FROM points WHERE site_id = ?1").bind(siteId).all(),
  );
  return blocksOf(
    z
      .array(z.object({ id: z.int() }))
      .parse(results)
      .map(({ id }) => id),
  );
}

/**
 * Reads the samples of a site's hour that are in segments and in no day file: some blocks at a time, points ascending.
 * @param hour its start, epoch ms @param onDamaged receives the skipped segments
 * @param upTo the last wanted stamp
 * @throws errors of `onDamaged`; the error of D1, after retries
 */
export async function* readHour(
  db: D1Database,
  siteId: number,
  hour: number,
  onDamaged: (damaged: readonly DamagedSegment[]) => void,
  upTo: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<ReadonlyMap<number, StoredSeries>> {
  const blocks = await readSiteBlocks(db, siteId);
  const range = { start: hour, end: hour + HOUR_MS };
  const statements = (isChecked: boolean) =>
    blockStatements(db, siteId, blocks, [hour], range, upTo, MAX_BLOCKS_PER_QUERY, isChecked);
  for (const [i, statement] of statements(false).entries()) {
    const { results } = await readChecked((isChecked) =>
      withD1Retry(() => (isChecked ? statements(true)[i]! : statement).all()),
    );
    const builders = new Map<number, SeriesBuilder>();
    const unread = addRows(segmentRowsSchema.parse(results), (id, time) => {
      if (hourOf(time) !== hour) return undefined;
      const known = builders.get(id);
      if (known !== undefined) return known;
      const builder = new SeriesBuilder();
      builders.set(id, builder);
      return builder;
    });
    if (unread.length > 0) onDamaged(await noteDamaged(db, siteId, unread));
    yield new Map([...builders].sort(([a], [b]) => a - b).map(([id, builder]) => [id, builder.finish()]));
  }
}

/** For readers that need all segments. @throws {StoredRowError} */
export function refuseDamaged([first]: readonly DamagedSegment[]): void {
  if (first !== undefined) throw new StoredRowError(first.key, first.reason);
}
