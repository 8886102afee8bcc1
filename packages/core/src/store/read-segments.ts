import { z } from "zod";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { decodeBody } from "./segment-body.ts";
import { blocksOf } from "../domain/block.ts";
import { batchesOf, pickedRows, pickStatement, type SegmentRow, type SegmentsWanted } from "./pick-points.ts";
import { keySql, placeOfKey } from "./segment-key.ts";
import { STAMPS } from "./segment-stamps.ts";
import { SeriesBuilder, type StoredSeries } from "./stored-series.ts";

/** What a read cost, to tell the caller of our API and the benchmarks. */
export interface ReadCost {
  statements: number;
  /** rows that D1 bills as read */
  rowsRead: number;
}

/** Blocks that are read whole in one statement where a whole hour is wanted: at a sample a minute 1.6 MB of text. */
const BLOCKS_A_QUERY = 8;

/** ?3: JSON array of blocks, ?4 and ?5: range, epoch ms, ?6: the last stamp that is wanted. */
const READ_BLOCKS = `${STAMPS}
SELECT s.key, s.asked, json(s.body) AS body
FROM json_each(?3) b CROSS JOIN stamps t CROSS JOIN segments s
  ON s.key >= ${keySql("b.value", "t.day")} + t.low AND s.key <= ${keySql("b.value", "t.day")} + min(t.high, ?6)
WHERE t.day * ${DAY_MS} + s.last >= ?4 AND t.day * ${DAY_MS} + s.first < ?5`;

export const segmentRowsSchema = z.array(z.object({ key: z.int(), asked: z.int(), body: z.string() }));

/**
 * The samples of points in a half-open range that are in segments and in no day file; a point without any has an empty series.
 * Memory: 24 bytes a sample, and the text of the points of a batch.
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
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

/** {@link readSeries}, of some hours of the range only. @param hours starts of UTC hours, epoch milliseconds */
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
  return (await readSeriesBeside(db, wanted, [], cost, backoff)).series;
}

/**
 * {@link readSeries} where each point has hours of its own, and what other statements find in the transaction of the last segments: what
 * they tell is never older than the samples.
 * @param beside statements that only read
 */
export async function readSeriesBeside(
  db: D1Database,
  { siteId, hours: wanted, range }: SegmentsWanted,
  beside: readonly D1PreparedStatement[],
  cost: ReadCost = { statements: 0, rowsRead: 0 },
  backoff?: Backoff,
): Promise<{ readonly series: Map<number, StoredSeries>; readonly beside: readonly D1Result[] }> {
  const builders = new Map([...wanted.keys()].map((id) => [id, new SeriesBuilder()]));
  const sets = new Map([...new Set(wanted.values())].map((hours) => [hours, new Set(hours)]));
  const ids = [...wanted].flatMap(([id, hours]) => (hours.length > 0 ? [id] : []));
  const [from, to] = [Math.max(range.start, Number.MIN_SAFE_INTEGER), Math.min(range.end, Number.MAX_SAFE_INTEGER)];
  const batches = batchesOf(ids);
  let found: readonly D1Result[] = [];
  for (const [i, picks] of batches.entries()) {
    const statements = picks.map((pick) =>
      pickStatement(db, { siteId, hours: wanted, range: { start: from, end: to } }, pick),
    );
    const batch = i === batches.length - 1 ? [...statements, ...beside] : statements;
    const results = await withD1Retry(() => db.batch(batch), backoff);
    for (const [at, pick] of picks.entries()) {
      cost.statements++;
      cost.rowsRead += results[at]?.meta.rows_read ?? 0;
      addRows(pickedRows(results[at]?.results, pick), (id, time) => {
        const isWanted = time >= range.start && time < range.end && sets.get(wanted.get(id) ?? [])?.has(hourOf(time));
        return isWanted === true ? builders.get(id) : undefined;
      });
    }
    found = results.slice(picks.length);
  }
  if (batches.length === 0 && beside.length > 0) found = await withD1Retry(() => db.batch([...beside]), backoff);
  return { series: new Map([...builders].map(([id, builder]) => [id, builder.finish()])), beside: found };
}

/** @param builderOf undefined: the sample is not wanted @throws {StoredRowError} for a body that we do not write */
export function addRows(
  rows: readonly SegmentRow[],
  builderOf: (pointId: number, time: number) => SeriesBuilder | undefined,
): void {
  // A sort in SQL would hold all bodies and count each row twice.
  for (const { key, asked, body } of rows.toSorted((a, b) => a.key - b.key)) {
    const start = dayStart(placeOfKey(key).day);
    for (const { pointId, offsets, values } of decodeBody(key, body)) {
      for (const [i, offset] of offsets.entries()) {
        builderOf(pointId, start + offset)?.add(start + offset, values[i]!, asked);
      }
    }
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
 * Statements that read some blocks whole; their rows go into {@link addRows}.
 * @param upTo the last stamp that is wanted @param atOnce blocks a statement
 */
export function blockStatements(
  db: D1Database,
  siteId: number,
  blocks: readonly number[],
  hours: readonly number[],
  { start, end }: TimeRange,
  upTo: number = Number.MAX_SAFE_INTEGER,
  atOnce: number = BLOCKS_A_QUERY,
): D1PreparedStatement[] {
  const statement = db.prepare(READ_BLOCKS);
  return Array.from({ length: Math.ceil(blocks.length / atOnce) }, (_, i) => {
    const some = blocks.slice(i * atOnce, (i + 1) * atOnce);
    return statement.bind(siteId, JSON.stringify(hours), JSON.stringify(some), start, end, upTo);
  });
}

/**
 * The samples of a site's hour that are in segments and in no day file, by point, some blocks at a time, ascending by point.
 * @param hour its start, epoch ms @param upTo the last stamp that is wanted
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
 */
export async function* readHour(
  db: D1Database,
  siteId: number,
  hour: number,
  upTo: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<ReadonlyMap<number, StoredSeries>> {
  const blocks = await readSiteBlocks(db, siteId);
  const range = { start: hour, end: hour + HOUR_MS };
  for (const statement of blockStatements(db, siteId, blocks, [hour], range, upTo)) {
    const { results } = await withD1Retry(() => statement.all());
    const builders = new Map<number, SeriesBuilder>();
    addRows(segmentRowsSchema.parse(results), (id, time) => {
      if (hourOf(time) !== hour) return undefined;
      const known = builders.get(id);
      if (known !== undefined) return known;
      const builder = new SeriesBuilder();
      builders.set(id, builder);
      return builder;
    });
    yield new Map([...builders].sort(([a], [b]) => a - b).map(([id, builder]) => [id, builder.finish()]));
  }
}
