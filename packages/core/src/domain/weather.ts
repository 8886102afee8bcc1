/** The upstream's names for the quantities of a weather feed. A site's history has them as `<client>/<site>/weather/<field>`. */
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

/** The point of each quantity, whichever way its samples come. */
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

/** The quantity that a stored point of this name holds; null: it is no weather point. */
export function weatherFieldOf(pointName: string): WeatherField | null {
  return FIELDS_BY_POINT.get(pointName) ?? null;
}

const HISTORY = /^[^/]+\/(.+)\/weather\/([a-z_]+)$/s;

/**
 * The name under which a point is stored: the upstream's, but `weather.temperature` for a site's own
 * `<client>/<site>/weather/temp`, so that a quantity is one point.
 */
export function storedPointName(site: string, name: string): string {
  if (!name.includes("/weather/")) return name;
  const [, ofSite, history] = HISTORY.exec(name) ?? [];
  const field = WEATHER_FIELDS.find((one) => one === history);
  return ofSite === site && field !== undefined ? POINT_NAMES[field] : name;
}
