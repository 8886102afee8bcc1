import type { PointSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { namesChecksum, type PointOrder } from "./point-order.ts";
import type { SortedHour } from "./sorted-hour.ts";

/**
 * Sorts the samples of an hour. At equal (point, millisecond) the last arrival wins. Omits samples outside of the hour.
 * O(n) if a point's times ascend.
 * @param arrived in order of arrival
 * @throws {RangeError} for an unknown point
 */
export function sortHour(arrived: readonly PointSamples[], order: PointOrder, hour: TimeRange): SortedHour {
  const isInside = (time: number) => time >= hour.start && time < hour.end;
  // A counting sort by rank keeps the order of arrival within a point.
  const starts = new Int32Array(order.points.length + 1);
  const rankOf = (id: number): number => {
    const rank = order.ranks.get(id);
    if (rank === undefined) throw new RangeError(`the catalogue has no point ${id}`);
    return rank;
  };
  for (const { length, pointIds, times } of arrived) {
    for (let i = 0; i < length; i++) if (isInside(times[i]!)) starts[rankOf(pointIds[i]!) + 1]!++;
  }
  for (let rank = 0; rank < order.points.length; rank++) starts[rank + 1]! += starts[rank]!;
  const next = starts.slice();
  const sortedTimes = new Float64Array(starts.at(-1)!);
  const sortedValues = new Float64Array(starts.at(-1)!);
  for (const { length, pointIds, times, values } of arrived) {
    for (let i = 0; i < length; i++) {
      if (!isInside(times[i]!)) continue;
      const at = next[rankOf(pointIds[i]!)]!++;
      sortedTimes[at] = times[i]!;
      sortedValues[at] = values[i]!;
    }
  }
  const ids: number[] = [];
  const rows: number[] = [];
  let used = 0;
  for (const [rank, { id }] of order.points.entries()) {
    const [from, to] = [starts[rank]!, starts[rank + 1]!];
    if (from === to) continue;
    const kept = moveAscending(sortedTimes, sortedValues, from, to, used);
    ids.push(id);
    rows.push(kept);
    used += kept;
  }
  return {
    pointIds: Int32Array.from(ids),
    names: namesChecksum(order, ids),
    rows: Int32Array.from(rows),
    times: sortedTimes.subarray(0, used),
    values: sortedValues.subarray(0, used),
  };
}

/**
 * Moves samples [from, to) to `target`, at or before `from`, ascending and without duplicate times. @returns samples
 * kept
 */
function moveAscending(times: Float64Array, values: Float64Array, from: number, to: number, target: number): number {
  let isAscending = true;
  for (let i = from + 1; i < to && isAscending; i++) isAscending = times[i]! > times[i - 1]!;
  if (isAscending) {
    times.copyWithin(target, from, to);
    values.copyWithin(target, from, to);
    return to - from;
  }
  // a Map keeps the last value
  const latest = new Map<number, number>();
  for (let i = from; i < to; i++) latest.set(times[i]!, values[i]!);
  const ascending = [...latest].sort(([a], [b]) => a - b);
  ascending.forEach(([time, value], i) => {
    times[target + i] = time;
    values[target + i] = value;
  });
  return ascending.length;
}
