import { formatMicroseconds } from "./ace-time.ts";
import type { SampleSource } from "../sample-source.ts";
import type { Visibility } from "../faults/visibility.ts";

/** The fields of the current weather, in the API's order. */
export const WEATHER_FIELDS = [
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

interface WeatherValue {
  readonly name: string | null;
  readonly value: string | null;
  readonly time: string | null;
}

const NO_VALUE: WeatherValue = { name: null, value: null, time: null };

/** How far back a last known value is looked for, in microseconds. */
const MEMORY_US = 24 * 3_600_000_000;

function lastValue(source: SampleSource, point: number, visibility: Visibility): WeatherValue {
  const oldestUs = visibility.endUs - MEMORY_US;
  for (let scrape = source.scrapeAtOrAfter(visibility.endUs) - 1; source.timeOf(scrape) >= oldestUs; scrape--) {
    const timeUs = source.timeOf(scrape);
    if (!source.hasSample(point, scrape) || visibility.pointsServed([point], timeUs).length === 0) continue;
    const name = source.points[point]?.name ?? null;
    return { name, value: source.valueText(point, scrape), time: formatMicroseconds(timeUs) };
  }
  return NO_VALUE;
}

/** `GET /sites/{site}/weather`: the last known values; 404 with the same shape full of nulls where there is no feed. */
export function serveWeather(source: SampleSource, visibility: Visibility): Response {
  const points = source.weather;
  const values = WEATHER_FIELDS.map((field) => {
    const point = points?.[field];
    return [field, point === undefined ? NO_VALUE : lastValue(source, point, visibility)] as const;
  });
  return Response.json({ weather: Object.fromEntries(values) }, { status: points ? 200 : 404 });
}
