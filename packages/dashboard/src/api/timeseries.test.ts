import { expect, test } from "vitest";
import { seriesByName } from "./timeseries.ts";

const answered = (...names: string[]) => names.map((name) => ({ point_name: name }));

test("a point that is answered under another name is found by the name that was asked for", () => {
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

test("a point that is asked for under two names is found by its own", () => {
  const names = ["ses/falls/weather/temp", "weather.temperature"];
  const found = seriesByName(names, answered("weather.temperature"), []);
  expect(found.get("weather.temperature")).toEqual({ point_name: "weather.temperature" });
  expect(found.has("ses/falls/weather/temp")).toBe(false);
});
