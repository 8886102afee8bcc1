import type { OutdoorWeather } from "./outdoor-weather.ts";
import type { Equipment } from "./point-spec.ts";
import { pythonFloat } from "./value-text.ts";
import type { WEATHER_FIELDS } from "../api/weather-endpoint.ts";

const FIELDS: readonly (readonly [(typeof WEATHER_FIELDS)[number], keyof OutdoorWeather])[] = [
  ["temp", "temp"],
  ["feels_like", "feelsLike"],
  ["pressure", "pressure"],
  ["humidity", "humidity"],
  ["dew_point", "dewPoint"],
  ["clouds", "clouds"],
  ["wind_speed", "windSpeed"],
  ["wind_deg", "windDirection"],
  ["wet_bulb", "wetBulb"],
];

/** The site's weather feed. Its history is served as ordinary points without a unit. */
export function weatherStation(): Equipment {
  return {
    kind: "weather",
    number: 1,
    points: FIELDS.map(([key, field]) => ({
      key,
      objectType: "analogValue",
      units: undefined,
      markers: ["weather"],
      interval: 300,
      signal: ({ outdoor }) => outdoor[field],
      text: (value) => pythonFloat(Math.round(value * 100) / 100),
    })),
  };
}
