import { formatMicroseconds } from "./ace-time.ts";
import type { ScrapeSource } from "../scrape-source.ts";
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

/** How far back the last known value is searched, in microseconds. */
const MEMORY_US = 24 * 3_600_000_000;

function lastValue(source: ScrapeSource, point: number, visibility: Visibility): WeatherValue {
  const oldestUs = visibility.endUs - MEMORY_US;
  for (let scrape = source.scrapeAtOrAfter(visibility.endUs) - 1; source.timeOf(scrape) >= oldestUs; scrape--) {
    const timeUs = source.timeOf(scrape);
    if (!source.hasSample(point, scrape) || visibility.pointsServed([point], timeUs).length === 0) continue;
    const name = source.points[point]?.name ?? null;
    return { name, value: source.valueText(point, scrape), time: formatMicroseconds(timeUs) };
  }
  return NO_VALUE;
}

/** Field names in the records of the older documents, where they differ from the API's. */
const OLDER_KEYS: ReadonlyMap<string, string> = new Map([["temp", "temperature"]]);

/** The form of the older documents: values of one time. */
function olderForm(values: Readonly<Record<string, WeatherValue>>, form: "records" | "flat"): object {
  const known = Object.entries(values).filter(([, { value }]) => value !== null);
  const timestamp = known[0]?.[1].time ?? null;
  if (form === "flat") return { ...Object.fromEntries(known.map(([field, { value }]) => [field, value])), timestamp };
  const numbers = known.map(([field, { value }]) => [OLDER_KEYS.get(field) ?? field, Number(value)] as const);
  return { data: [{ timestamp, ...Object.fromEntries(numbers), precipitation: 0, conditions: "clear" }] };
}

/**
 * `GET /sites/{site}/weather`: the last known values. Without a feed it answers 404 with the same shape full of nulls.
 * @param form the form of the values, if it differs from the API's
 */
export function serveWeather(
  source: ScrapeSource,
  visibility: Visibility,
  form: "records" | "flat" | undefined,
): Response {
  const points = source.weather;
  const values = Object.fromEntries(
    WEATHER_FIELDS.map((field) => {
      const point = points?.[field];
      return [field, point === undefined ? NO_VALUE : lastValue(source, point, visibility)] as const;
    }),
  );
  const body = form === undefined || points === undefined ? { weather: values } : olderForm(values, form);
  return Response.json(body, { status: points ? 200 : 404 });
}
