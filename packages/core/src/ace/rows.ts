import { isPointName } from "../domain/point.ts";
import { FUTURE_TOLERANCE_MS, type RejectedRecord, type RejectionCounts, Rejections } from "../domain/rejection.ts";
import type { NamedSamples } from "../domain/samples.ts";
import type { PageEnd } from "./cursor.ts";
import { TimeRun } from "./time-run.ts";
import { parseValue } from "./value.ts";

/** What a row's fields are called in an envelope. */
interface RowFields {
  readonly name: string;
  readonly time: string;
  readonly value: string;
}

/** Of what the service answers, and of what older documents describe. */
export const CURRENT_FIELDS: RowFields = { name: "name", time: "time", value: "value" };
export const OLDER_FIELDS: RowFields = { name: "point_name", time: "timestamp", value: "value" };

export interface DecodedRows {
  readonly samples: NamedSamples;
  /** samples.length and these add up to the number of rows */
  readonly rejected: RejectionCounts;
  /** the first ones of each reason */
  readonly rejectedRecords: readonly RejectedRecord[];
  readonly end: PageEnd;
}

function isRecord(row: unknown): row is Record<string, unknown> {
  return typeof row === "object" && row !== null;
}

/**
 * Turns rows into columns, by explicit checks: a schema library takes many times as long for each of 100,000 rows.
 * Each row is a sample, or is counted under the first that applies of `malformed`, `bad_time`, `future` and its value's
 * fault.
 *
 * @param now epoch milliseconds; what lies further ahead of it than FUTURE_TOLERANCE_MS is rejected
 */
export function decodeRows(rows: readonly unknown[], fields: RowFields, now: number): DecodedRows {
  const names: string[] = [];
  const indexOf = new Map<string, number>();
  const nameIndex = new Int32Array(rows.length);
  const times = new Float64Array(rows.length);
  const values = new Float64Array(rows.length);
  const rejections = new Rejections();
  const run = new TimeRun();
  const latest = now + FUTURE_TOLERANCE_MS;
  let length = 0;

  for (const row of rows) {
    if (!isRecord(row)) {
      rejections.add("malformed", row);
      continue;
    }
    // before anything can reject the row: paging counts it all the same
    const time = run.next(row[fields.time]);
    const name = row[fields.name];
    if (!isPointName(name)) {
      rejections.add("malformed", row);
      continue;
    }
    if (!(time >= 0 && time <= latest)) {
      rejections.add(time > latest ? "future" : "bad_time", row);
      continue;
    }
    const value = parseValue(row[fields.value]);
    if (typeof value !== "number") {
      rejections.add(value, row);
      continue;
    }
    let index = indexOf.get(name);
    if (index === undefined) {
      index = names.push(name) - 1;
      indexOf.set(name, index);
    }
    nameIndex[length] = index;
    times[length] = time;
    values[length] = value;
    length++;
  }

  const full = length === rows.length;
  return {
    samples: {
      names,
      nameIndex: full ? nameIndex : nameIndex.slice(0, length),
      times: full ? times : times.slice(0, length),
      values: full ? values : values.slice(0, length),
      length,
    },
    rejected: rejections.counts,
    rejectedRecords: rejections.records,
    end: run,
  };
}
