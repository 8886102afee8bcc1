import type { WeatherReading } from "../ace/weather.ts";
import type { PointDescription } from "../domain/point.ts";
import type { PointSamples } from "../domain/samples.ts";
import { type WeatherField, weatherPointName } from "../domain/weather.ts";

/**
 * What people call each quantity, and its unit. The upstream does not say its units: these are what its values look like
 * (metric), so `unit_raw` stays empty.
 */
const QUANTITIES: Record<WeatherField, { label: string; unit: string }> = {
  temp: { label: "Outdoor temperature", unit: "°C" },
  feels_like: { label: "Feels like", unit: "°C" },
  pressure: { label: "Air pressure", unit: "hPa" },
  humidity: { label: "Outdoor humidity", unit: "%RH" },
  dew_point: { label: "Dew point", unit: "°C" },
  clouds: { label: "Cloud cover", unit: "%" },
  wind_speed: { label: "Wind speed", unit: "m/s" },
  wind_deg: { label: "Wind direction", unit: "°" },
  wet_bulb: { label: "Wet-bulb temperature", unit: "°C" },
  precipitation: { label: "Precipitation", unit: "mm" },
};

/**
 * The catalogue's entry of a weather point. Its cadence is measured: a list's `collect_interval` is about controllers,
 * which nobody asks for the weather, and the feed has last known values only.
 */
export function describeWeatherPoint(field: WeatherField): PointDescription {
  const { label, unit } = QUANTITIES[field];
  const tags = { kv: {}, markers: ["weather"] };
  return { name: weatherPointName(field), label, unit, unitRaw: null, tags, intervalS: null, updatedAt: null };
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
