import { smoothNoise } from "./noise.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365.25 * 24 * HOUR_MS;

/** The weather at one moment, metric. */
export interface OutdoorWeather {
  /** °C */
  readonly temp: number;
  readonly feelsLike: number;
  readonly dewPoint: number;
  readonly wetBulb: number;
  /** hPa */
  readonly pressure: number;
  /** % */
  readonly humidity: number;
  readonly clouds: number;
  /** m/s */
  readonly windSpeed: number;
  /** degrees, from north by east */
  readonly windDirection: number;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** The weather at a northern mid-latitude: cold in January, warmest in the afternoon, fronts every few days. */
export function outdoorWeather(seed: number, timeMs: number, localHour: number): OutdoorWeather {
  const season = -Math.cos((2 * Math.PI * (timeMs - 20 * 24 * HOUR_MS)) / YEAR_MS);
  const front = smoothNoise(seed, timeMs, 60 * HOUR_MS);
  const clouds = clamp(50 + 70 * smoothNoise(seed + 1, timeMs, 9 * HOUR_MS), 0, 100);
  const daily = Math.cos((2 * Math.PI * (localHour - 15.5)) / 24) * (6 - clouds / 25);
  const temp = 12 + 13 * season + 6 * front + daily + 0.4 * smoothNoise(seed + 2, timeMs, 0.5 * HOUR_MS);
  const humidity = clamp(62 - 2.2 * daily + 22 * smoothNoise(seed + 3, timeMs, 14 * HOUR_MS), 12, 100);
  const windSpeed =
    3.2 + 2.8 * smoothNoise(seed + 4, timeMs, 4 * HOUR_MS) + 0.4 * smoothNoise(seed + 5, timeMs, 240_000);
  const dewPoint = temp - (100 - humidity) / 5;
  return {
    temp,
    feelsLike: temp - 0.35 * Math.max(0, windSpeed) + (temp > 24 ? (humidity - 40) / 12 : 0),
    dewPoint,
    wetBulb: temp - (temp - dewPoint) / 3,
    pressure: 1014 - 9 * front + 5 * smoothNoise(seed + 6, timeMs, 30 * HOUR_MS),
    humidity,
    clouds,
    windSpeed: Math.max(0, windSpeed),
    windDirection: (((210 + 160 * smoothNoise(seed + 7, timeMs, 11 * HOUR_MS)) % 360) + 360) % 360,
  };
}
