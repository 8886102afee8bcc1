import { z } from "zod";
import {
  countRejection,
  FUTURE_TOLERANCE_MS,
  type RejectionCounts,
  type RejectionReason,
} from "../domain/rejection.ts";
import { WEATHER_FIELDS, type WeatherField } from "../domain/weather.ts";
import { AceError } from "./ace-error.ts";
import { TimeRun } from "./time-run.ts";
import { parseValue } from "./value.ts";

export interface WeatherReading {
  readonly field: WeatherField;
  /** when it was measured, not requested; epoch milliseconds UTC */
  readonly time: number;
  readonly value: number;
}

/** The last known readings of a site's feed; this address has no history. */
export interface AceWeather {
  readonly readings: readonly WeatherReading[];
  /** present fields without a reading, by reason; absent fields are not counted */
  readonly rejected: RejectionCounts;
  /** the rejected fields as the feed has them */
  readonly rejectedReadings: readonly RejectedReading[];
}

interface RejectedReading {
  /** null: the record is not an object */
  readonly field: WeatherField | null;
  readonly reason: RejectionReason;
  readonly given: unknown;
}

/** Values by field. */
const recordSchema = z.record(z.string(), z.unknown());
type WeatherRecord = z.infer<typeof recordSchema>;

/** The current form. */
const nestedSchema = z.object({ weather: recordSchema });
/** The form of older documents; a third form is one such record without an envelope. */
const recordsSchema = z.object({ data: z.array(z.unknown()) });

/** Field names of the older documents where they differ. */
const OLDER_KEYS: Partial<Record<WeatherField, string>> = { temp: "temperature", wind_deg: "wind_direction" };

const readingSchema = z.object({ value: z.unknown(), time: z.unknown() });

/**
 * Decodes the parsed JSON of a weather answer, in one of three forms:
 * - `{"weather": {"temp": {"value": "21.7", "time": "…"}, …}}`
 * - `{"data": [{"timestamp": "…", "temperature": 21.7, …}, …]}`
 * - `{"temp": "21.7", …, "timestamp": "…"}`
 *
 * Ignores other keys, such as the text `conditions`.
 *
 * @param now epoch milliseconds
 * @throws {AceError} `not_a_page`
 */
export function decodeWeather(body: unknown, now: number, path: string): AceWeather {
  const readings: WeatherReading[] = [];
  const rejected: RejectionCounts = {};
  const rejectedReadings: RejectedReading[] = [];
  const times = new TimeRun();
  const reject = (field: WeatherField | null, reason: RejectionReason, given: unknown) => {
    countRejection(rejected, reason);
    rejectedReadings.push({ field, reason, given });
  };
  for (const given of recordsOf(body, path)) {
    const record = recordSchema.safeParse(given);
    if (!record.success) {
      reject(null, "malformed", given);
      continue;
    }
    for (const field of WEATHER_FIELDS) {
      const raw = valueOf(record.data, field);
      if (raw === null || raw === undefined) continue;
      const reading = readingOf(record.data, raw);
      if (reading === null) {
        reject(field, "malformed", raw);
        continue;
      }
      // The value is checked first: a feed without data sends null for the time too, and the value is at fault.
      const value = parseValue(reading.value);
      const time = times.next(reading.time);
      if (typeof value !== "number") reject(field, value, raw);
      else if (!(time >= 0)) reject(field, "bad_time", raw);
      else if (time > now + FUTURE_TOLERANCE_MS) reject(field, "future", raw);
      else readings.push({ field, time, value });
    }
  }
  return { readings, rejected, rejectedReadings };
}

/** @throws {AceError} `not_a_page` if the body has none of the three forms */
function recordsOf(body: unknown, path: string): readonly unknown[] {
  const nested = nestedSchema.safeParse(body);
  if (nested.success) return [nested.data.weather];
  const records = recordsSchema.safeParse(body);
  if (records.success) return records.data.data;
  const flat = recordSchema.safeParse(body);
  const isFlat = flat.success && "timestamp" in flat.data && WEATHER_FIELDS.some((field) => hasField(flat.data, field));
  if (isFlat) return [flat.data];
  throw new AceError("not_a_page", path, "the body is not a weather answer");
}

function hasField(record: WeatherRecord, field: WeatherField): boolean {
  return valueOf(record, field) !== undefined;
}

function valueOf(record: WeatherRecord, field: WeatherField): unknown {
  return record[field] ?? record[OLDER_KEYS[field] ?? field];
}

/** A value with its own time or its record's time; null if it has neither. */
function readingOf(record: WeatherRecord, raw: unknown): { value?: unknown; time?: unknown } | null {
  const reading = readingSchema.safeParse(raw);
  if (reading.success) return reading.data;
  return "timestamp" in record && typeof raw !== "object" ? { value: raw, time: record["timestamp"] } : null;
}
