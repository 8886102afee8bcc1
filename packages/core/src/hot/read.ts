import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { Series } from "../domain/samples.ts";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { decodeRows, type HourRow } from "./hour-row.ts";
import { rowKey } from "./row-key.ts";

/** Hour rows asked for in one statement: at 60 samples a row, about 6 MB of text at once. */
const ROWS_A_QUERY = 4_000;

/**
 * Driven by the keys wanted, so that a row of another point is never read: 480 look-ups for a point and 20 days,
 * where a scan of the hours between would read every point of every site. ?1: JSON array of keys.
 */
const READ_ROWS = `
SELECT h.hour_point, h.samples FROM json_each(?1) k CROSS JOIN sample_hours h ON h.hour_point = k.value`;

/** What a read cost, to tell the caller of our API and the benchmarks. */
export interface ReadCost {
  statements: number;
  /** rows that D1 bills as read */
  rowsRead: number;
}

/**
 * The hot samples of points in a half-open range; a point without any has an empty series. Memory: about 32
 * bytes a sample until the series are made, 16 after, and the text of {@link ROWS_A_QUERY} rows.
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
 */
export async function readSeries(
  db: D1Database,
  pointIds: readonly number[],
  range: TimeRange,
  cost?: ReadCost,
  backoff?: Backoff,
): Promise<Map<number, Series>> {
  return readSeriesOfHours(db, pointIds, hoursOf(range), range, cost, backoff);
}

/**
 * {@link readSeries} where it is known which hours are stored, so that no other is looked for.
 * @param hours starts of UTC hours, epoch milliseconds
 */
export async function readSeriesOfHours(
  db: D1Database,
  pointIds: readonly number[],
  hours: readonly number[],
  range: TimeRange,
  cost: ReadCost = { statements: 0, rowsRead: 0 },
  backoff?: Backoff,
): Promise<Map<number, Series>> {
  return readSeriesOfKeys(db, new Map(pointIds.map((id) => [id, hours])), range, cost, backoff);
}

/** {@link readSeriesOfHours} where each point has hours of its own. @param wanted starts of UTC hours, by point id */
export async function readSeriesOfKeys(
  db: D1Database,
  wanted: ReadonlyMap<number, readonly number[]>,
  range: TimeRange,
  cost: ReadCost = { statements: 0, rowsRead: 0 },
  backoff?: Backoff,
): Promise<Map<number, Series>> {
  const rows = new Map<number, HourRow[]>([...wanted.keys()].map((id) => [id, []]));
  const keys = [...wanted].flatMap(([id, hours]) => hours.map((hour) => rowKey(hour, id)));
  const statement = db.prepare(READ_ROWS);
  for (let first = 0; first < keys.length; first += ROWS_A_QUERY) {
    const bound = statement.bind(JSON.stringify(keys.slice(first, first + ROWS_A_QUERY)));
    const result = await withD1Retry(() => bound.all(), backoff);
    cost.statements++;
    cost.rowsRead += result.meta.rows_read;
    for (const row of decodeRows(result.results)) rows.get(row.pointId)?.push(row);
  }
  return new Map([...rows].map(([id, hourRows]) => [id, toSeries(hourRows, range)]));
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
