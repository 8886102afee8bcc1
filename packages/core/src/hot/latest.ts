import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { decodeRows } from "./hour-row.ts";

/** The newest stored sample of a point. */
export interface LatestSample {
  readonly pointId: number;
  /** epoch milliseconds UTC */
  readonly time: number;
  readonly value: number;
}

/**
 * For each point the newest hour that holds it, stepping back from one stored hour to the next through the key. A
 * live point takes one step; a point that fell silent takes one for each stored hour since, at most 24 x HOT_DAYS.
 * ?1: JSON array of point ids.
 */
const READ_LATEST = `
WITH RECURSIVE stored_hours (hours) AS (
  SELECT max(hour_point) >> 20 FROM sample_hours
  UNION ALL
  SELECT (SELECT max(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point < t.hours << 20)
  FROM stored_hours t WHERE t.hours IS NOT NULL
)
SELECT h.hour_point, h.samples FROM json_each(?1) p CROSS JOIN sample_hours h ON h.hour_point = (
  SELECT x.hour_point FROM stored_hours t CROSS JOIN sample_hours x ON x.hour_point = (t.hours << 20) + p.value LIMIT 1
)`;

/**
 * The newest hot sample of each point, by point id; a point without hot samples is absent.
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
 */
export async function readLatest(
  db: D1Database,
  pointIds: readonly number[],
  backoff?: Backoff,
): Promise<Map<number, LatestSample>> {
  const statement = db.prepare(READ_LATEST).bind(JSON.stringify(pointIds));
  const result = await withD1Retry(() => statement.all(), backoff);
  const latest = new Map<number, LatestSample>();
  for (const { hour, pointId, offsets, values } of decodeRows(result.results)) {
    const offset = offsets.at(-1);
    const value = values.at(-1);
    if (offset !== undefined && value !== undefined) latest.set(pointId, { pointId, time: hour + offset, value });
  }
  return latest;
}
