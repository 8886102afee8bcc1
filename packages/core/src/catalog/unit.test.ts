import { expect, test } from "vitest";
import { normalizeUnit } from "./unit.ts";

test.each([
  ["degrees-fahrenheit", "°F"],
  ["degreesFahrenheit", "°F"],
  ["Degrees Fahrenheit", "°F"],
  ["degF", "°F"],
  ["°F", "°F"],
  [" degrees-celsius ", "°C"],
  ["percent", "%"],
  ["%", "%"],
  ["percent-relative-humidity", "%RH"],
  ["parts-per-million", "ppm"],
  ["inches-of-water", "inH₂O"],
  ["cubic-feet-per-minute", "cfm"],
  ["pounds-force-per-square-inch", "psi"],
  ["kilowatts", "kW"],
  ["kW", "kW"],
  ["kilowatt-hours", "kWh"],
  ["MW", "MW"],
  ["mW", "mW"],
  ["watts-per-square-meter", "W/m²"],
  ["us-gallons-per-minute", "gpm"],
  ["micrograms-per-cubic-meter", "µg/m³"],
  ["meters", "m"],
])("%s is %s", (raw, unit) => {
  expect(normalizeUnit(raw)).toBe(unit);
});

test.each([
  "",
  "  ",
  "noUnits",
  "no-units",
  "NO UNITS",
  "null",
  "unitless",
  "property: unknown-property",
  null,
  undefined,
])("%j is no unit", (raw) => {
  expect(normalizeUnit(raw)).toBeNull();
});

test.each(["furlongs-per-fortnight", "KWH/t", "#", "€", "温度", "constructor", "95", "kg·m"])(
  "%s is unknown and stays as it is",
  (raw) => {
    expect(normalizeUnit(raw)).toBe(raw);
  },
);
