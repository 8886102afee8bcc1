import { expect, test } from "vitest";
import { HOUR_MS } from "../domain/hour.ts";
import { EMPTY_SERIES } from "../domain/samples.ts";
import { bucketHours, type HourPart, hourParts } from "./hour-parts.ts";

const part = (hour: number): HourPart => {
  const aggregate = { n: 2, min: hour, max: hour + 2, sum: 2 * hour + 2, edges: null };
  return { hour: hour * HOUR_MS, n: 2, aggregate, scaled: 0, last: null, times: null };
};
/** three buckets of two hours */
const BOUNDS = Float64Array.of(0, 2 * HOUR_MS, 4 * HOUR_MS, 6 * HOUR_MS);

test("series with every bucket share their times, the buckets' starts", () => {
  const [first, other] = [
    [0, 1, 3, 5],
    [1, 2, 4],
  ].map((hours) => bucketHours(hours.map(part), BOUNDS));
  for (const { times, count } of [first!, other!]) {
    expect([...times]).toEqual([...BOUNDS.subarray(0, 3)]);
    expect(times.buffer).toBe(BOUNDS.buffer);
    expect(count).toHaveLength(3);
  }
  expect([...first!.count]).toEqual([4, 2, 2]);
});

test.each([[[]], [[0]], [[5]], [[1, 4]], [[0, 1, 2, 3]], [[2, 5]]])("hours %j: empty buckets are absent", (hours) => {
  const { times, values, min, max, count } = bucketHours(hours.map(part), BOUNDS);
  const buckets = [...Map.groupBy(hours, (hour) => Math.floor(hour / 2))];
  expect([...times]).toEqual(buckets.map(([bucket]) => bucket * 2 * HOUR_MS));
  expect([...values]).toEqual(
    buckets.map(([, hoursOfBucket]) => hoursOfBucket.reduce((sum, hour) => sum + hour + 1, 0) / hoursOfBucket.length),
  );
  expect([...min]).toEqual(buckets.map(([, hoursOfBucket]) => hoursOfBucket[0]));
  expect([...max]).toEqual(buckets.map(([, hoursOfBucket]) => hoursOfBucket.at(-1)! + 2));
  expect([...count]).toEqual(buckets.map(([, hoursOfBucket]) => 2 * hoursOfBucket.length));
  // Not the shared bounds.
  expect(times.buffer).not.toBe(BOUNDS.buffer);
  // Buffers of their own, which can be freed.
  for (const column of [values, min, max, count]) expect(column.byteLength).toBe(column.buffer.byteLength);
});

test("an aggregate without a finite sum is never used for a mean", () => {
  const hours = [{ n: 20, min: 1e308, max: 1e308, sum: Number.POSITIVE_INFINITY, edges: null }];
  const rollups = [{ pointId: 1, day: 0, hours, isCold: true }];
  const range = { start: 0, end: HOUR_MS };
  expect(() => hourParts(rollups, new Set(), EMPTY_SERIES, range)).toThrow("sum");
  expect(hourParts(rollups, new Set([0]), EMPTY_SERIES, range)).toEqual([]);
});
