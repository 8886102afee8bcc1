import { isPointName } from "../domain/point.ts";
import { FUTURE_TOLERANCE_MS, type RejectedRecord, type RejectionCounts, Rejections } from "../domain/rejection.ts";
import type { NamedSamples } from "../domain/samples.ts";
import type { PageEnd } from "./cursor.ts";
import { TimeRun } from "./time-run.ts";
import { parseValue } from "./value.ts";

/** The names of a row's fields in an envelope. */
interface RowFields {
  readonly name: string;
  readonly time: string;
  readonly value: string;
}

/** Fields of the current envelope and of the one in older documents. */
export const CURRENT_FIELDS: RowFields = { name: "name", time: "time", value: "value" };
export const OLDER_FIELDS: RowFields = { name: "point_name", time: "timestamp", value: "value" };

export interface DecodedRows {
  readonly samples: NamedSamples;
  /** rows received */
  readonly records: number;
  /** counts; with samples.length they add up to `records` */
  readonly rejected: RejectionCounts;
  /** the first records of each reason */
  readonly rejectedRecords: readonly RejectedRecord[];
  readonly end: PageEnd;
  /** time of the last row, epoch ms; null: no row has a readable text as its time */
  readonly lastTime: number | null;
}

function isRecord(row: unknown): row is Record<string, unknown> {
  return typeof row === "object" && row !== null;
}

/** Initial capacity of the columns in rows; full columns double. */
const FIRST_CAPACITY = 1024;

/**
 * Decodes rows into columns, with explicit checks: a schema library is many times slower for 100,000 rows. Each row
 * becomes a sample, or counts as rejected for the first reason that applies: `malformed`, `bad_time`, `future`, the
 * value's fault.
 */
export class RowDecoder {
  readonly #fields: RowFields;
  readonly #latest: number;
  readonly #names: string[] = [];
  readonly #indexOf = new Map<string, number>();
  readonly #rejections = new Rejections();
  readonly #run = new TimeRun();
  #nameIndex = new Int32Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #length = 0;
  #records = 0;

  /** @param now epoch milliseconds; rejects times later than now + FUTURE_TOLERANCE_MS */
  constructor(fields: RowFields, now: number) {
    this.#fields = fields;
    this.#latest = now + FUTURE_TOLERANCE_MS;
  }

  add(rows: readonly unknown[]): void {
    this.#makeRoom(this.#length + rows.length);
    this.#records += rows.length;
    const { name: nameField, time: timeField, value: valueField } = this.#fields;
    const [run, rejections, latest] = [this.#run, this.#rejections, this.#latest];
    const [nameIndex, times, values] = [this.#nameIndex, this.#times, this.#values];
    let length = this.#length;
    for (const row of rows) {
      if (!isRecord(row)) {
        rejections.add("malformed", row);
        continue;
      }
      // before any check of the row, because paging counts rejected rows too
      const time = run.next(row[timeField]);
      const name = row[nameField];
      if (!isPointName(name)) {
        rejections.add("malformed", row);
        continue;
      }
      if (!(time >= 0 && time <= latest)) {
        rejections.add(time > latest ? "future" : "bad_time", row);
        continue;
      }
      const value = parseValue(row[valueField]);
      if (typeof value !== "number") {
        // JSON would write null for a number that is not finite
        const isBare = value === "non_finite" && typeof row[valueField] === "number";
        rejections.add(value, isBare ? { ...row, [valueField]: "not finite" } : row);
        continue;
      }
      nameIndex[length] = this.#indexOfName(name);
      times[length] = time;
      values[length] = value;
      length++;
    }
    this.#length = length;
  }

  /** Returns the decoded rows. The decoder must not be used afterwards. */
  finish(): DecodedRows {
    const length = this.#length;
    return {
      samples: {
        names: this.#names,
        nameIndex: this.#nameIndex.subarray(0, length),
        times: this.#times.subarray(0, length),
        values: this.#values.subarray(0, length),
        length,
      },
      records: this.#records,
      rejected: this.#rejections.counts,
      rejectedRecords: this.#rejections.records,
      end: this.#run,
      lastTime: this.#run.lastMs,
    };
  }

  #indexOfName(name: string): number {
    let index = this.#indexOf.get(name);
    if (index === undefined) {
      index = this.#names.push(name) - 1;
      this.#indexOf.set(name, index);
    }
    return index;
  }

  #makeRoom(rows: number): void {
    if (rows <= this.#times.length) return;
    const capacity = Math.max(rows, 2 * this.#times.length);
    const [nameIndex, times, values] = [this.#nameIndex, this.#times, this.#values];
    this.#nameIndex = new Int32Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
    this.#nameIndex.set(nameIndex);
    this.#times.set(times);
    this.#values.set(values);
  }
}

/** Decodes all rows at once, as {@link RowDecoder} does. */
export function decodeRows(rows: readonly unknown[], fields: RowFields, now: number): DecodedRows {
  const decoder = new RowDecoder(fields, now);
  decoder.add(rows);
  return decoder.finish();
}
