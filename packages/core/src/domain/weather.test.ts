import { expect, test } from "vitest";
import { storedPointName, WEATHER_FIELDS, weatherFieldOf, weatherPointName } from "./weather.ts";

test.each(WEATHER_FIELDS)("stores the history of %s under the feed's point", (field) => {
  const stored = storedPointName("ses_falls_city", `ses/ses_falls_city/weather/${field}`);
  expect(stored).toBe(weatherPointName(field));
  expect(weatherFieldOf(stored)).toBe(field);
  expect(storedPointName("ses_falls_city", stored)).toBe(stored);
});

test("allows a slash in a site's name", () => {
  expect(storedPointName("göteborg/north 1", "ses/göteborg/north 1/weather/temp")).toBe("weather.temperature");
});

test.each([
  "ses/another/weather/temp",
  "ses/ses_falls_city/weather/moon",
  "ses/ses_falls_city/weather/temp/max",
  "ses/ses_falls_city/8000:1-1/weather/temp",
  "ses_falls_city/weather/temp",
  "/ses_falls_city/weather/temp",
  "ses/ses_falls_city/weather/constructor",
])("%s keeps its name", (name) => {
  expect(storedPointName("ses_falls_city", name)).toBe(name);
  expect(weatherFieldOf(name)).toBeNull();
});
