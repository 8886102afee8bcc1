import { numericTime, parseTime } from "@building-vitals/core/ace/time";
import { parseValue } from "@building-vitals/core/ace/value";
import { isPointName } from "@building-vitals/core/domain/point";
import { FUTURE_TOLERANCE_MS, type RejectionReason } from "@building-vitals/core/domain/rejection";

/** A record of the earlier system, from any kind of file: its four columns, unchecked. */
export interface RawRecord {
  readonly site_name?: unknown;
  readonly point_name?: unknown;
  /** epoch seconds or milliseconds, a Date, or ISO-8601 (UTC by default) */
  readonly timestamp?: unknown;
  readonly value?: unknown;
}

/** A record with its place. */
export interface ReadRecord {
  /** line of a text file or row of a table, from 1 */
  readonly at: number;
  readonly columns: RawRecord;
  /** why its columns are ambiguous; null: they are not */
  readonly fault: string | null;
}

/** A record that is a sample. */
export interface ImportedSample {
  readonly site: string;
  readonly point: string;
  /** epoch ms UTC */
  readonly time: number;
  readonly value: number;
}

/** epoch ms; NaN: not a time */
function timeOf(raw: unknown): number {
  if (raw instanceof Date) return raw.getTime();
  if (typeof raw === "bigint" || typeof raw === "number") return numericTime(Number(raw));
  if (typeof raw !== "string") return Number.NaN;
  const text = raw.trim();
  return /^-?\d+(\.\d+)?$/.test(text) ? numericTime(Number(text)) : parseTime(text);
}

/**
 * The sample of a record, or the reason of its rejection. The rules are those for the API's rows. @param now epoch ms
 */
export function sampleOf(record: RawRecord, now: number): ImportedSample | RejectionReason {
  const { site_name: site, point_name: point } = record;
  if (!isPointName(site) || !isPointName(point)) return "malformed";
  const time = timeOf(record.timestamp);
  if (!(time >= 0)) return "bad_time";
  if (time > now + FUTURE_TOLERANCE_MS) return "future";
  const value = parseValue(typeof record.value === "bigint" ? Number(record.value) : record.value);
  return typeof value === "string" ? value : { site, point, time, value };
}
