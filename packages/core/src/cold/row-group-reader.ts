import { crc32 } from "node:zlib";
import type { Series } from "../domain/samples.ts";
import { decodeNames, decodeTimes, decodeValues, type NameRun } from "./column-chunk.ts";
import { DayFileCorrupt } from "./day-file-error.ts";
import { dayRange } from "../domain/day.ts";
import type { RowGroupExtent } from "./locator.ts";
import type { GroupRead } from "./read-plan.ts";
import { compareUtf8 } from "./utf8-order.ts";

/**
 * The samples of a row group's points, in the order of their names.
 * @param bytes exactly those of the group's extent
 * @param file for errors, and the day that every time must lie in
 * @throws {DayFileCorrupt} where the bytes are not those that were written, or a point's rows not those expected
 */
export function decodeGroup(
  bytes: Uint8Array,
  { group, points }: GroupRead,
  file: { readonly key: string; readonly day: number },
): Map<string, Series> {
  const { offset, timeBytes, nameBytes, rows } = group;
  const fail = (at: number, reason: string, cause?: unknown): never => {
    throw new DayFileCorrupt(file.key, offset + at, reason, { cause });
  };
  if (crc32(bytes) !== group.crc32) fail(0, "the row group's bytes have another CRC-32 than when they were written");
  // The CRC vouches for the bytes; what follows vouches for the locators and for the code on both sides.
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
  const needed = wanted.reduce((end, { firstRow, rows: own }) => Math.max(end, firstRow + own), 0);
  if (needed === 0) return new Map();
  const times = within(0, () => decodeTimes(bytes.subarray(0, timeBytes), rows, needed));
  const values = within(valuesAt, () => decodeValues(bytes.subarray(valuesAt), rows));
  return new Map(wanted.map((run) => [run.name, within(0, () => checkedSeries(run, times, values, file.day))]));
}

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
      fail(
        `point ${JSON.stringify(name)} has ${rows} rows from ${firstRow}, not ${expected.rows} from ${expected.firstRow}`,
      );
    }
    byName.delete(name);
  }
  for (const { name, expected } of byName.values()) {
    if (expected !== null) fail(`point ${JSON.stringify(name)} is not in its row group`);
  }
  return found;
}

function checkedSeries(
  { name, firstRow, rows }: NameRun,
  times: BigInt64Array,
  values: Float64Array,
  day: number,
): Series {
  const own = { times: new Float64Array(rows), values: values.slice(firstRow, firstRow + rows) };
  const { start, end } = dayRange(day);
  let before = start - 1;
  for (let i = 0; i < rows; i++) {
    const time = Number(times[firstRow + i]!);
    if (!(time > before)) throw new Error(`point ${JSON.stringify(name)}: time ${time} does not ascend from ${before}`);
    if (!Number.isFinite(own.values[i])) throw new Error(`point ${JSON.stringify(name)}: a value is not finite`);
    own.times[i] = time;
    before = time;
  }
  if (before >= end) throw new Error(`point ${JSON.stringify(name)}: time ${before} is not of the day`);
  return own;
}
