import { type DataPage, ownPage, smallerPage } from "./column-chunk-writer.ts";
import { packDifferences } from "./delta-binary-packed.ts";

/**
 * Encodes the times of a row group of a day, epoch milliseconds. Points that are scraped together share their times:
 * as they are, zstd finds each point's again in the one before, which blocks of 128 differences hide from it. Times of an
 * even pace, or of each point's own, are smaller as differences. Not with their bytes apart, though that is smaller yet:
 * DuckDB reads BYTE_STREAM_SPLIT of floating point numbers only.
 */
export function encodeDayTimes(points: readonly Float64Array[]): DataPage {
  const rows = rowsOf(points);
  const words = new Int32Array(2 * rows);
  let row = 0;
  for (const times of points) {
    for (const time of times) {
      // The int64's words: a BigInt for each sample would take most of the time.
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
 * Encodes the times of a row group of a month, epoch milliseconds. As differences in whole bytes the times of the first point
 * take half of what they take as they are, and zstd finds them again in the points that share them; in bits they are smaller
 * where each point has its own.
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

/** The least difference of two times of a point; infinite where no point has two. */
function leastStep(points: readonly Float64Array[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const times of points) {
    for (let i = 1; i < times.length; i++) least = Math.min(least, times[i]! - times[i - 1]!);
  }
  return least;
}

/**
 * Of a hundred differences, those that may be others than the one before for times to be of an even pace: one sample in twenty is
 * missing. They then take 0.13 bytes a row, and hardly less in a row group that other points share.
 */
const CHANGES_A_HUNDRED = 10;

/** Whether times are next to nothing as differences. */
export function isEven(times: Float64Array): boolean {
  let changes = 0;
  for (let i = 2; i < times.length; i++) {
    if (times[i]! - times[i - 1]! !== times[i - 1]! - times[i - 2]!) changes++;
  }
  return changes * 100 <= times.length * CHANGES_A_HUNDRED;
}
