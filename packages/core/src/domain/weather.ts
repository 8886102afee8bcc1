/**
 * The upstream's names of a weather feed's quantities. A site's history names them `<client>/<site>/weather/<field>`.
 */
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
  "precipitation",
] as const;
export type WeatherField = (typeof WEATHER_FIELDS)[number];

/** The point of each quantity, for samples from the feed and from the history. */
const POINT_NAMES: Readonly<Record<WeatherField, string>> = {
  temp: "weather.temperature",
  feels_like: "weather.feels_like",
  pressure: "weather.pressure",
  humidity: "weather.humidity",
  dew_point: "weather.dew_point",
  clouds: "weather.clouds",
  wind_speed: "weather.wind_speed",
  wind_deg: "weather.wind_direction",
  wet_bulb: "weather.wet_bulb",
  precipitation: "weather.precipitation",
};
const FIELDS_BY_POINT = new Map(WEATHER_FIELDS.map((field) => [POINT_NAMES[field], field]));

export function weatherPointName(field: WeatherField): string {
  return POINT_NAMES[field];
}

/** The quantity of a weather point; null: not a weather point. */
export function weatherFieldOf(pointName: string): WeatherField | null {
  return FIELDS_BY_POINT.get(pointName) ?? null;
}

const HISTORY = /^[^/]+\/(.+)\/weather\/([a-z_]+)$/s;

/**
 * The name under which a point is stored: `weather.temperature` for `<client>/<site>/weather/temp`, else the upstream's
 * name. Feed and history thus share one point.
 */
export function storedPointName(site: string, name: string): string {
  if (!name.includes("/weather/")) return name;
  const [, ofSite, history] = HISTORY.exec(name) ?? [];
  const field = WEATHER_FIELDS.find((known) => known === history);
  return ofSite === site && field !== undefined ? POINT_NAMES[field] : name;
}
