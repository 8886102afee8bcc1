import type { WeatherField, WeatherReading } from "../ace/weather.ts";
import type { PointDescription } from "../domain/point.ts";
import type { PointSamples } from "../domain/samples.ts";

/**
 * Our points for what a weather feed measures. The names are those of the older documents. The upstream does not say
 * its units: these are what its values look like (metric), so `unit_raw` stays empty.
 */
const WEATHER_POINTS: Record<WeatherField, { name: string; label: string; unit: string }> = {
  temp: { name: "weather.temperature", label: "Outdoor temperature", unit: "°C" },
  feels_like: { name: "weather.feels_like", label: "Feels like", unit: "°C" },
  pressure: { name: "weather.pressure", label: "Air pressure", unit: "hPa" },
  humidity: { name: "weather.humidity", label: "Outdoor humidity", unit: "%RH" },
  dew_point: { name: "weather.dew_point", label: "Dew point", unit: "°C" },
  clouds: { name: "weather.clouds", label: "Cloud cover", unit: "%" },
  wind_speed: { name: "weather.wind_speed", label: "Wind speed", unit: "m/s" },
  wind_deg: { name: "weather.wind_direction", label: "Wind direction", unit: "°" },
  wet_bulb: { name: "weather.wet_bulb", label: "Wet-bulb temperature", unit: "°C" },
};

export function weatherPointName(field: WeatherField): string {
  return WEATHER_POINTS[field].name;
}

/** The catalogue's entry of a weather point. The feed gives the last known value only, so its cadence is unknown. */
export function describeWeatherPoint(field: WeatherField): PointDescription {
  const { name, label, unit } = WEATHER_POINTS[field];
  return { name, label, unit, unitRaw: null, tags: { kv: {}, markers: ["weather"] }, intervalS: null };
}

/** Readings as samples, at the time of the observation. @param idOf the catalogue's id of a point name */
export function weatherSamples(readings: readonly WeatherReading[], idOf: (name: string) => number): PointSamples {
  return {
    pointIds: Int32Array.from(readings, (reading) => idOf(weatherPointName(reading.field))),
    times: Float64Array.from(readings, (reading) => reading.time),
    values: Float64Array.from(readings, (reading) => reading.value),
    length: readings.length,
  };
}
