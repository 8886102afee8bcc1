import { dayOfKey } from "./block-day-key.ts";
import { StoredHoursError } from "./hour-aggregates.ts";
import { decodeCounts } from "./hour-slice.ts";
import { pointsOfRow, type StoredRow } from "./read-rows.ts";

/** Samples of a point in each of the 24 hours of a day. */
export interface DayCounts {
  readonly pointId: number;
  readonly day: number;
  readonly counts: readonly number[];
}

/**
 * The samples of each hour by what the aggregates say, which `hot_hours` may overrule. A point without samples is absent.
 * @throws {StoredHoursError} where a row is not what we write
 */
export function* hourCounts(rows: Iterable<StoredRow>): Generator<DayCounts> {
  for (const row of rows) {
    const points = pointsOfRow(row);
    if (points === null) throw new StoredHoursError(`block_days: row ${row.key} has damaged places`);
    for (const { pointId, slice } of points) yield { pointId, day: dayOfKey(row.key), counts: decodeCounts(slice) };
  }
}
