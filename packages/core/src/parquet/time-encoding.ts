import { type DataPage, ownPage, smallerPage } from "./column-chunk-writer.ts";
import { packDifferences } from "./delta-binary-packed.ts";

/**
 * Encodes the times of a day's row group, epoch milliseconds, as the smaller of two pages:
 *
 * - PLAIN suits points that are scraped together: zstd finds each point's times in the previous one's. Blocks of 128
 * differences would hide the repetition.
 * - DELTA_BINARY_PACKED suits evenly spaced times, and times that points do not share.
 *
 * BYTE_STREAM_SPLIT would be smaller still, but DuckDB reads it for floating-point columns only.
 */
export function encodeDayTimes(points: readonly Float64Array[]): DataPage {
  const rows = rowsOf(points);
  const words = new Int32Array(2 * rows);
  let row = 0;
  for (const times of points) {
    for (const time of times) {
      // Writes the int64's words: a BigInt per sample would dominate the cost.
      const high = Math.floor(time / 2 ** 32);
      words[2 * row] = time - high * 2 ** 32;
      words[2 * row + 1] = high;
      row++;
    }
  }
  const plain = ownPage("PLAIN", rows, new Uint8Array(words.buffer));
  const packed = ownPage("DELTA_BINARY_PACKED", rows, packDifferences(points, rows, null));
  return smallerPage(packed, plain);
}

/**
 * Encodes the times of a month's row group, epoch milliseconds, as the smaller of two pages of differences. Whole bytes
 * suit times that points share: zstd finds them again. Bits suit times that they do not share.
 */
export function encodeMonthTimes(points: readonly Float64Array[]): DataPage {
  const rows = rowsOf(points);
  const inBits = ownPage("DELTA_BINARY_PACKED", rows, packDifferences(points, rows, null));
  if (points.length === 1) return inBits;
  return smallerPage(inBits, ownPage("DELTA_BINARY_PACKED", rows, packDifferences(points, rows, leastStep(points))));
}

function rowsOf(points: readonly Float64Array[]): number {
  return points.reduce((sum, times) => sum + times.length, 0);
}

/** The smallest difference between two times of a point; infinite if no point has two. */
function leastStep(points: readonly Float64Array[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const times of points) {
    for (let i = 1; i < times.length; i++) least = Math.min(least, times[i]! - times[i - 1]!);
  }
  return least;
}

/**
 * Percentage of a point's differences that may change while its times count as evenly spaced; a missing sample changes
 * two. Such times take 0.13 bytes a row, hardly more than in a row group that other points share.
 */
const MAX_CHANGES_PERCENT = 10;

/** Whether times are evenly spaced, so that their differences compress to almost nothing. */
export function isEven(times: Float64Array): boolean {
  let changes = 0;
  for (let i = 2; i < times.length; i++) {
    if (times[i]! - times[i - 1]! !== times[i - 1]! - times[i - 2]!) changes++;
  }
  return changes * 100 <= times.length * MAX_CHANGES_PERCENT;
}
