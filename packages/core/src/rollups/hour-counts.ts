import { dayOfKey } from "./block-day-key.ts";
import { StoredHoursError } from "./hour-aggregates.ts";
import { decodeCounts } from "./hour-slice.ts";
import { pointsOfRow, type StoredRow } from "./read-rows.ts";

/** Samples of a point in each of the 24 hours of a day. */
export interface HourCounts {
  readonly pointId: number;
  readonly day: number;
  readonly counts: readonly number[];
}

/**
 * Counts samples by hour from stored aggregates; `hot_hours` may know newer ones. A point without samples is absent.
 * @throws {StoredHoursError} for a damaged row
 */
export function* hourCounts(rows: Iterable<StoredRow>): Generator<HourCounts> {
  for (const row of rows) {
    const points = pointsOfRow(row);
    if (points === null) throw new StoredHoursError(`block_days: row ${row.key} has damaged places`);
    for (const { pointId, slice } of points) yield { pointId, day: dayOfKey(row.key), counts: decodeCounts(slice) };
  }
}
