import { z } from "zod";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { hourOfKey, pointOfKey } from "./row-key.ts";

/**
 * The samples of one point in one UTC hour, as a row of `sample_hours` holds them. Offsets are strictly ascending
 * and in [0, HOUR_MS).
 */
export interface HourRow {
  /** start of the hour, epoch milliseconds UTC */
  readonly hour: number;
  readonly pointId: number;
  /** milliseconds since the start of the hour */
  readonly offsets: readonly number[];
  readonly values: readonly number[];
}

/** Hour rows in the order of their key, and what became of the samples that shared a (point, millisecond). */
export interface GroupedSamples {
  /** ascending by (hour, pointId), each key once */
  readonly rows: HourRow[];
  /** samples that repeated an earlier one of this batch, value and all */
  readonly repeated: number;
  /** samples that replaced an earlier one of this batch with another value: the later arrival wins */
  readonly replaced: number;
}

/** A stored row that is not what we write: D1 holds something that this code did not put there. */
export class StoredRowError extends Error {
  constructor(hour: number, pointId: number, reason: string) {
    super(`sample_hours row (hour ${hour}, point ${pointId}): ${reason}`);
    this.name = "StoredRowError";
  }
}

/** Groups samples, in any order, into hour rows. O(n log n) only where a point's times do not ascend. */
export function groupByHour(samples: PointSamples): GroupedSamples {
  const groups = new Map<number, Map<number, { offsets: number[]; values: number[]; ascending: boolean }>>();
  for (let i = 0; i < samples.length; i++) {
    const time = samples.times[i]!;
    const pointId = samples.pointIds[i]!;
    const hour = hourOf(time);
    let points = groups.get(hour);
    if (points === undefined) groups.set(hour, (points = new Map()));
    let group = points.get(pointId);
    if (group === undefined) points.set(pointId, (group = { offsets: [], values: [], ascending: true }));
    const offset = time - hour;
    if (group.offsets.length > 0 && offset <= group.offsets.at(-1)!) group.ascending = false;
    group.offsets.push(offset);
    group.values.push(samples.values[i]!);
  }
  const rows: HourRow[] = [];
  let repeated = 0;
  let replaced = 0;
  for (const [hour, points] of [...groups].sort(([a], [b]) => a - b)) {
    for (const [pointId, group] of [...points].sort(([a], [b]) => a - b)) {
      if (group.ascending) {
        rows.push({ hour, pointId, offsets: group.offsets, values: group.values });
        continue;
      }
      const latest = new Map<number, number>();
      for (let i = 0; i < group.offsets.length; i++) {
        const offset = group.offsets[i]!;
        const earlier = latest.get(offset);
        if (earlier !== undefined) {
          if (Object.is(earlier, group.values[i])) repeated++;
          else replaced++;
        }
        latest.set(offset, group.values[i]!);
      }
      const offsets = [...latest.keys()].sort((a, b) => a - b);
      rows.push({ hour, pointId, offsets, values: offsets.map((offset) => latest.get(offset)!) });
    }
  }
  return { rows, repeated, replaced };
}

/** A double as JSON text that parses back to exactly the same double. JSON.stringify would write -0 as 0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The `samples` column of a row: a JSON object of millisecond offset to value. */
export function encodeSamples(row: HourRow): string {
  let text = "{";
  for (let i = 0; i < row.offsets.length; i++) {
    text += `${i > 0 ? "," : ""}"${row.offsets[i]!}":${numberText(row.values[i]!)}`;
  }
  return `${text}}`;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE = 0x7d;

/** A JSON number. Number() alone would also take "+1", "01" and "1.", which JSON does not know. */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Reads a stored row. Scans the text instead of calling JSON.parse: an object with 60 numeric keys becomes a hash
 * table there, at 1.7 times the cost, and an offset that stands there twice would be lost silently.
 * @throws {StoredRowError} for anything but what {@link encodeSamples} or SQLite's json_patch of it writes.
 */
export function decodeSamples(hour: number, pointId: number, text: string): HourRow {
  const offsets: number[] = [];
  const values: number[] = [];
  let ascending = true;
  let at = 1;
  if (text.charCodeAt(0) !== 0x7b) throw new StoredRowError(hour, pointId, "is no JSON object");
  if (text.length === 2 && text.charCodeAt(1) === CLOSE) return { hour, pointId, offsets, values };
  for (;;) {
    if (text.charCodeAt(at) !== QUOTE) throw new StoredRowError(hour, pointId, `expected a key at ${at}`);
    let offset = 0;
    const digits = at + 1;
    for (at = digits; ; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      offset = offset * 10 + digit;
    }
    const length = at - digits;
    const canonical = length > 0 && length <= 7 && (length === 1 || text.charCodeAt(digits) !== 0x30);
    if (!canonical || offset >= HOUR_MS || text.charCodeAt(at) !== QUOTE || text.charCodeAt(at + 1) !== COLON) {
      throw new StoredRowError(hour, pointId, `bad offset at ${digits}`);
    }
    const start = at + 2;
    NUMBER.lastIndex = start;
    const value = NUMBER.test(text) ? Number(text.slice(start, NUMBER.lastIndex)) : Number.NaN;
    at = NUMBER.lastIndex;
    // "1e999" is JSON, but infinite: no value that we store.
    if (!Number.isFinite(value)) throw new StoredRowError(hour, pointId, `bad value at ${start}`);
    if (offsets.length > 0 && offset <= offsets.at(-1)!) ascending = false;
    offsets.push(offset);
    values.push(value);
    if (text.charCodeAt(at) === COMMA) {
      at++;
      continue;
    }
    if (text.charCodeAt(at) !== CLOSE || at !== text.length - 1) {
      throw new StoredRowError(hour, pointId, `does not end at ${at}`);
    }
    break;
  }
  if (ascending) return { hour, pointId, offsets, values };
  // json_patch appends late samples at the end of the object.
  const order = offsets.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]!);
  const sorted = { hour, pointId, offsets: order.map((i) => offsets[i]!), values: order.map((i) => values[i]!) };
  if (sorted.offsets.some((offset, i) => i > 0 && offset === sorted.offsets[i - 1])) {
    throw new StoredRowError(hour, pointId, "holds an offset twice");
  }
  return sorted;
}

const storedRowSchema = z.object({ hour_point: z.int(), samples: z.string() });

/**
 * Reads the rows of a query that selects `hour_point, samples`.
 * @throws {StoredRowError} where a row is not what we write
 */
export function decodeRows(results: unknown): HourRow[] {
  return z
    .array(storedRowSchema)
    .parse(results)
    .map(({ hour_point: key, samples }) => decodeSamples(hourOfKey(key), pointOfKey(key), samples));
}
