import { crc32 } from "node:zlib";
import type { Series } from "../domain/samples.ts";
import { decodeNames, decodeTimes, decodeValues, type NameRun } from "./column-chunk-reader.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import type { Locator, RowGroupExtent } from "./locator.ts";
import { limitsOf, type Period, periodRange } from "../r2/period.ts";
import type { GroupRead } from "./read-plan.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** A point's samples, in buffers of their own, and the locator that reads only them. */
export interface DecodedPoint {
  readonly name: string;
  readonly series: Series;
  readonly locator: Locator;
}

/**
 * Decodes the points of a row group, in the order of their names.
 * @param bytes exactly those of the group's extent
 * @param file its key for errors, and the period that must contain every time
 * @throws {DayFileCorrupt} if the bytes differ from those written, or a point's rows from those expected
 */
export function decodeGroup(
  bytes: Uint8Array,
  { group, points }: GroupRead,
  file: { readonly key: string } & Period,
): DecodedPoint[] {
  const { offset, timeBytes, nameBytes, rows } = group;
  const fail = (at: number, reason: string, cause?: unknown): never => {
    throw new DayFileCorrupt(file.key, offset + at, reason, { cause });
  };
  if (crc32(bytes) !== group.crc32) fail(0, "row group: its CRC-32 differs from the locator's");
  const { groupRows, pointRows } = limitsOf(file);
  const maxRows = Math.max(groupRows, pointRows);
  if (rows > maxRows) fail(0, `row group: ${rows} rows, at most ${maxRows} expected`);
  // The CRC proves the bytes. The checks below prove the locators and the code of writer and reader.
  const within = <T>(at: number, decode: () => T): T => {
    try {
      return decode();
    } catch (error) {
      return fail(at, error instanceof Error ? error.message : String(error), error);
    }
  };
  const valuesAt = timeBytes + nameBytes;
  const runs = within(timeBytes, () => checkedNames(bytes.subarray(timeBytes, valuesAt), group));
  const wanted = selectRuns(runs, points, (reason) => fail(timeBytes, reason));
  const needed = wanted.reduce((end, run) => Math.max(end, run.firstRow + run.rows), 0);
  if (needed === 0) return [];
  const times = within(0, () => decodeTimes(bytes.subarray(0, timeBytes), rows, needed));
  const pages = within(valuesAt, () => decodeValues(bytes.subarray(valuesAt), runs, new Set(wanted)));
  let [crc, crcEnd] = [0, 0];
  const decoded = wanted.map((run) => {
    const { values, end } = pages.get(run)!;
    crc = crc32(bytes.subarray(crcEnd, valuesAt + end), crc);
    crcEnd = valuesAt + end;
    const series = within(0, () => checkedSeries(run, times, values, file));
    const locator = { group: { ...group, valueBytes: end, crc32: crc }, firstRow: run.firstRow, rows: run.rows };
    return { name: run.name, series, locator };
  });
  freeBytes(times);
  return decoded;
}

// These messages become a day's public `reason`: they name rows, never a point.

function checkedNames(chunk: Uint8Array, group: RowGroupExtent): NameRun[] {
  const runs = decodeNames(chunk, group.rows);
  for (let i = 1; i < runs.length; i++) {
    if (compareUtf8(runs[i - 1]!.name, runs[i]!.name) >= 0) throw new Error("names do not ascend");
  }
  return runs;
}

function selectRuns(runs: NameRun[], points: GroupRead["points"], fail: (reason: string) => never): NameRun[] {
  if (points === null) return runs;
  const byName = new Map(points.map((point) => [point.name, point]));
  const found = runs.filter(({ name }) => byName.has(name));
  for (const { firstRow, rows, name } of found) {
    const expected = byName.get(name)!.expected;
    if (expected !== null && (expected.firstRow !== firstRow || expected.rows !== rows)) {
      fail(`a point has ${rows} rows from ${firstRow}, not ${expected.rows} from ${expected.firstRow}`);
    }
    byName.delete(name);
  }
  for (const { expected } of byName.values()) {
    if (expected !== null) fail(`the point of ${expected.rows} rows from ${expected.firstRow} is not in its row group`);
  }
  return found;
}

function checkedSeries(
  { firstRow, rows }: NameRun,
  groupTimes: Float64Array,
  values: Float64Array,
  period: Period,
): Series {
  const times = groupTimes.slice(firstRow, firstRow + rows);
  const { start, end } = periodRange(period);
  let before = start - 1;
  for (let i = 0; i < rows; i++) {
    const time = times[i]!;
    if (!(time > before)) throw new Error(`row ${firstRow + i}: time ${time} does not ascend from ${before}`);
    if (!Number.isFinite(values[i])) throw new Error(`row ${firstRow + i}: a value is not finite`);
    before = time;
  }
  if (before >= end)
    throw new Error(
      `row ${firstRow + rows - 1}: time ${before} is not in the ${period.month === undefined ? "day" : "month"}`,
    );
  return { times, values };
}
