import { z } from "zod";
import {
  countRejection,
  FUTURE_TOLERANCE_MS,
  type RejectionCounts,
  type RejectionReason,
} from "../domain/rejection.ts";
import { AceError } from "./ace-error.ts";
import { TimeRun } from "./time-run.ts";
import { parseValue } from "./value.ts";

/** The upstream's names for what a weather feed measures. Units are undocumented; values look metric. */
const WEATHER_FIELDS = [
  "temp",
  "feels_like",
  "pressure",
  "humidity",
  "dew_point",
  "clouds",
  "wind_speed",
  "wind_deg",
  "wet_bulb",
] as const;
export type WeatherField = (typeof WEATHER_FIELDS)[number];

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
  readonly field: WeatherField;
  readonly reason: RejectionReason;
  readonly given: unknown;
}

const weatherSchema = z.object({ weather: z.record(z.string(), z.unknown()) });
const readingSchema = z.object({ value: z.unknown(), time: z.unknown() });

/**
 * Decodes the parsed JSON of a weather answer: `{weather: {temp: {value, time}, …}}`.
 *
 * @param now epoch milliseconds
 * @throws {AceError} `not_a_page`
 */
export function decodeWeather(body: unknown, now: number, path: string): AceWeather {
  const answer = weatherSchema.safeParse(body);
  if (!answer.success) throw new AceError("not_a_page", path, "the body is not a weather answer");
  const readings: WeatherReading[] = [];
  const rejected: RejectionCounts = {};
  const rejectedReadings: RejectedReading[] = [];
  const times = new TimeRun();
  for (const field of WEATHER_FIELDS) {
    const given = answer.data.weather[field];
    if (given === null || given === undefined) continue;
    const reject = (reason: RejectionReason) => {
      countRejection(rejected, reason);
      rejectedReadings.push({ field, reason, given });
    };
    const reading = readingSchema.safeParse(given);
    if (!reading.success) {
      reject("malformed");
      continue;
    }
    // the value first: a feed without data sends null for the time as well, and that is no fault of the time
    const value = parseValue(reading.data.value);
    const time = times.next(reading.data.time);
    if (typeof value !== "number") reject(value);
    else if (!(time >= 0)) reject("bad_time");
    else if (time > now + FUTURE_TOLERANCE_MS) reject("future");
    else readings.push({ field, time, value });
  }
  return { readings, rejected, rejectedReadings };
}
