import { expect, test } from "vitest";
import { seriesByName } from "./timeseries.ts";

const answered = (...names: string[]) => names.map((name) => ({ point_name: name }));

test("a point answered under another name is found by the requested name", () => {
  const names = ["a", "ses/falls/weather/temp", "gone", "b", "ses/falls/weather/humidity"];
  const series = answered("a", "weather.temperature", "b", "weather.humidity");
  const found = seriesByName(names, series, ["gone"]);
  expect(names.map((name) => found.get(name)?.point_name)).toEqual([
    "a",
    "weather.temperature",
    undefined,
    "b",
    "weather.humidity",
  ]);
});

test("a point requested under two names is found by its own name", () => {
  const names = ["ses/falls/weather/temp", "weather.temperature"];
  const found = seriesByName(names, answered("weather.temperature"), []);
  expect(found.get("weather.temperature")).toEqual({ point_name: "weather.temperature" });
  expect(found.has("ses/falls/weather/temp")).toBe(false);
});
