import type { WeatherReading } from "../ace/weather.ts";
import type { PointDescription } from "../domain/point.ts";
import type { PointSamples } from "../domain/samples.ts";
import { type WeatherField, weatherPointName } from "../domain/weather.ts";

/**
 * Label and unit of each quantity. The upstream does not state units: these are inferred from its values (metric), so
 * `unit_raw` stays empty.
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
 * The catalogue's entry of a weather point. Its cadence is measured: a list's `collect_interval` describes controllers,
 * which do not collect weather, and the feed only has last known values.
 */
export function describeWeatherPoint(field: WeatherField): PointDescription {
  const { label, unit } = QUANTITIES[field];
  const tags = { kv: {}, markers: ["weather"] };
  const name = weatherPointName(field);
  return { name, label, unit, unitRaw: null, tags, device: null, intervalS: null, updatedAt: null };
}

/** Converts readings to samples, at the time of the observation. @param idOf the catalogue's id of a point name */
export function weatherSamples(readings: readonly WeatherReading[], idOf: (name: string) => number): PointSamples {
  return {
    pointIds: Int32Array.from(readings, (reading) => idOf(weatherPointName(reading.field))),
    times: Float64Array.from(readings, (reading) => reading.time),
    values: Float64Array.from(readings, (reading) => reading.value),
    length: readings.length,
  };
}
