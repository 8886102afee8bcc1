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
  // spellings of controllers and of people
  ["℉", "°F"],
  ["℃", "°C"],
  ["°f", "°F"],
  ["ºC", "°C"],
  ["F", "°F"],
  ["C", "°C"],
  ["CFM", "cfm"],
  ["GPM", "gpm"],
  ["PSI", "psi"],
  ["inH2O", "inH₂O"],
  ["in/wc", "inH₂O"],
  ["in. w.c.", "inH₂O"],
  ["ft3/min", "cfm"],
  ["l/s", "L/s"],
  ["m3/h", "m³/h"],
  ["kw", "kW"],
  ["KWH", "kWh"],
  ["%rh", "%RH"],
  ["MBH", "kBTU/h"],
  ["gal/min", "gpm"],
  ["µS/cm", "µS/cm"],
  ["μS/cm", "µS/cm"],
  ["Ω", "Ω"],
  ["kilo-btus-per-hour", "kBTU/h"],
  ["cubicFeetPerHour", "cfh"],
  ["ton-hours", "ton·h"],
  ["deg", "°"],
  ["MV", "MV"],
  ["mV", "mV"],
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

test.each([
  "furlongs-per-fortnight",
  "mw",
  "f",
  "tons",
  "MBTU",
  "degrees",
  "KWH/t",
  "#",
  "€",
  "温度",
  "constructor",
  "95",
  "kg·m",
])("%s is unknown and stays unchanged", (raw) => {
  expect(normalizeUnit(raw)).toBe(raw);
});
