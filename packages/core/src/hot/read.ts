import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { Series } from "../domain/samples.ts";
import { type Backoff, withD1Retry } from "./d1-retry.ts";
import { decodeRows, type HourRow } from "./hour-row.ts";

/** Hour rows asked for in one statement: at 60 samples a row, about 6 MB of text at once. */
const ROWS_A_QUERY = 4_000;

/**
 * Driven by the keys wanted, so that a row of another point is never read: 480 look-ups for a point and 20 days,
 * where a scan of the hours between would read every point of every site. ?1: JSON array of point ids, ?2: of hours.
 */
const READ_POINTS = `
SELECT h.point_id, h.hour, h.samples FROM json_each(?1) p CROSS JOIN json_each(?2) t
CROSS JOIN sample_hours h ON h.hour = t.value AND h.point_id = p.value`;

/** What a read cost, to tell the caller of our API and the benchmarks. */
export interface ReadCost {
  statements: number;
  /** rows that D1 bills as read */
  rowsRead: number;
}

/**
 * The hot samples of points in a half-open range; a point without any has an empty series. Memory: 16 bytes a sample,
 * and the text of {@link ROWS_A_QUERY} rows.
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
 */
export async function readSeries(
  db: D1Database,
  pointIds: readonly number[],
  range: TimeRange,
  cost: ReadCost = { statements: 0, rowsRead: 0 },
  backoff?: Backoff,
): Promise<Map<number, Series>> {
  const hours = hoursOf(range);
  const rows = new Map<number, HourRow[]>(pointIds.map((id) => [id, []]));
  const statement = db.prepare(READ_POINTS);
  for (const [ids, hourSlice] of keyBlocks([...rows.keys()], hours)) {
    const bound = statement.bind(JSON.stringify(ids), JSON.stringify(hourSlice));
    const result = await withD1Retry(() => bound.all(), backoff);
    cost.statements++;
    cost.rowsRead += result.meta.rows_read;
    for (const row of decodeRows(result.results)) rows.get(row.pointId)?.push(row);
  }
  return new Map([...rows].map(([id, hourRows]) => [id, toSeries(hourRows, range)]));
}

/** Blocks of points x hours with at most {@link ROWS_A_QUERY} keys each. */
function* keyBlocks(pointIds: readonly number[], hours: readonly number[]): Generator<[number[], number[]]> {
  const hoursABlock = Math.min(hours.length, ROWS_A_QUERY);
  const pointsABlock = Math.max(1, Math.floor(ROWS_A_QUERY / Math.max(1, hoursABlock)));
  for (let p = 0; p < pointIds.length; p += pointsABlock) {
    for (let h = 0; h < hours.length; h += hoursABlock) {
      yield [pointIds.slice(p, p + pointsABlock), hours.slice(h, h + hoursABlock)];
    }
  }
}

/** Joins a point's hour rows, cut to the range; only the first and the last hour can hold samples outside of it. */
function toSeries(rows: HourRow[], range: TimeRange): Series {
  rows.sort((a, b) => a.hour - b.hour);
  const size = rows.reduce((sum, row) => sum + row.offsets.length, 0);
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  let n = 0;
  for (const row of rows) {
    for (let i = 0; i < row.offsets.length; i++) {
      const time = row.hour + row.offsets[i]!;
      if (time < range.start || time >= range.end) continue;
      times[n] = time;
      values[n] = row.values[i]!;
      n++;
    }
  }
  return { times: times.subarray(0, n), values: values.subarray(0, n) };
}
