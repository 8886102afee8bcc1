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
  /** epoch milliseconds UTC of the measurement, not of our asking */
  readonly time: number;
  readonly value: number;
}

/** The last known readings of a site's feed; there is no history behind this address. */
export interface AceWeather {
  readonly readings: readonly WeatherReading[];
  /** fields that are there and hold no reading, by reason; absent fields are not counted */
  readonly rejected: RejectionCounts;
  /** each of these, as the feed has it */
  readonly rejectedReadings: readonly RejectedReading[];
}

interface RejectedReading {
  /** null: a record that is no object */
  readonly field: WeatherField | null;
  readonly reason: RejectionReason;
  readonly given: unknown;
}

/** Values by field. */
const recordSchema = z.record(z.string(), z.unknown());
type WeatherRecord = z.infer<typeof recordSchema>;

/** What the service answers. */
const nestedSchema = z.object({ weather: recordSchema });
/** What older documents describe; a third form is a single such record, without an envelope. */
const recordsSchema = z.object({ data: z.array(z.unknown()) });

/** How the older documents spell a field, where they do not spell it as the service does. */
const OLDER_KEYS: Partial<Record<WeatherField, string>> = { temp: "temperature", wind_deg: "wind_direction" };

const readingSchema = z.object({ value: z.unknown(), time: z.unknown() });

/**
 * Decodes the parsed JSON of a weather answer, of any of three forms:
 * - `{"weather": {"temp": {"value": "21.7", "time": "…"}, …}}`
 * - `{"data": [{"timestamp": "…", "temperature": 21.7, …}, …]}`
 * - `{"temp": "21.7", …, "timestamp": "…"}`
 *
 * Other keys, such as `conditions`, which is text, are ignored.
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
      // The value first: a feed without data sends null for the time as well, which is no fault of the time.
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

/** @throws {AceError} `not_a_page` where the body has none of the three forms */
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

/** A value with a time of its own, or of its record; null where it has neither. */
function readingOf(record: WeatherRecord, raw: unknown): { value?: unknown; time?: unknown } | null {
  const reading = readingSchema.safeParse(raw);
  if (reading.success) return reading.data;
  return "timestamp" in record && typeof raw !== "object" ? { value: raw, time: record["timestamp"] } : null;
}
