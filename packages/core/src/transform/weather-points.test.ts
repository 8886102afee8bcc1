import { expect, test } from "vitest";
import { type WeatherField, weatherPointName } from "../domain/weather.ts";
import { describeWeatherPoint, weatherSamples } from "./weather-points.ts";

test.each<[WeatherField, string, string]>([
  ["temp", "weather.temperature", "°C"],
  ["feels_like", "weather.feels_like", "°C"],
  ["pressure", "weather.pressure", "hPa"],
  ["humidity", "weather.humidity", "%RH"],
  ["dew_point", "weather.dew_point", "°C"],
  ["clouds", "weather.clouds", "%"],
  ["wind_speed", "weather.wind_speed", "m/s"],
  ["wind_deg", "weather.wind_direction", "°"],
  ["wet_bulb", "weather.wet_bulb", "°C"],
  ["precipitation", "weather.precipitation", "mm"],
])("%s is the point %s in %s", (field, name, unit) => {
  expect(weatherPointName(field)).toBe(name);
  expect(describeWeatherPoint(field)).toMatchObject({
    name,
    unit,
    unitRaw: null,
    device: null,
    intervalS: null,
    updatedAt: null,
    tags: { kv: {}, markers: ["weather"] },
  });
});

test("readings become samples at their own times", () => {
  const ids = new Map([
    ["weather.temperature", 3],
    ["weather.wind_direction", 8],
  ]);
  const samples = weatherSamples(
    [
      { field: "wind_deg", time: 2_000, value: -0 },
      { field: "temp", time: 1_000, value: 21.5 },
    ],
    (name) => ids.get(name)!,
  );
  expect([...samples.pointIds]).toEqual([8, 3]);
  expect([...samples.times]).toEqual([2_000, 1_000]);
  expect([...samples.values]).toEqual([-0, 21.5]);
  expect(samples.length).toBe(2);
});
