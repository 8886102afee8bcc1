import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeUnit } from "../catalog/unit.ts";
import { conversionTo } from "./units.ts";

/** As NIST SP 811 (2008), appendix B.8, prints them, or as follows from its exact definitions. */
test.each([
  ["°F", 32, "°C", 0],
  ["°F", 212, "°C", 100],
  ["°F", -40, "°C", -40],
  ["Δ°F", 9, "ΔK", 5],
  ["psi", 1, "kPa", 6.894757],
  ["inH₂O", 1, "Pa", 249.0889],
  ["inHg", 29.92, "hPa", 1013.2],
  ["cfm", 1, "m³/h", 1.699011],
  ["ft³/s", 1, "m³/s", 2.831685e-2],
  ["gpm", 1, "L/s", 6.30902e-2],
  ["gph", 1, "L/h", 3.785412],
  ["ft³", 1, "m³", 2.831685e-2],
  ["gal", 1, "L", 3.785412],
  ["lb/h", 1, "kg/h", 0.4535924],
  ["lb/s", 1, "kg/s", 0.4535924],
  ["hp", 1, "kW", 0.7456999],
  ["ton", 1, "kW", 3.516853],
  ["BTU/h", 1, "W", 0.2930711],
  ["BTU", 1, "kJ", 1.055056],
  ["therm", 1, "MJ", 105.4804],
  ["BTU/lb", 1, "kJ/kg", 2.326],
  ["ft/min", 1, "m/s", 5.08e-3],
  ["ft/s", 1, "m/s", 0.3048],
  ["mph", 1, "km/h", 1.609344],
  ["ft", 1, "m", 0.3048],
  ["in", 1, "mm", 25.4],
  ["ft²", 1, "m²", 9.290304e-2],
  ["fc", 1, "lx", 10.76391],
] as const)("%s: %d is %s %d", (imperial, value, metric, expected) => {
  const { unit, convert } = conversionTo("metric", imperial)!;
  expect(unit).toBe(metric);
  expect(convert(value)).toBeCloseTo(
    expected,
    expected === 1013.2 ? 0 : 6 - Math.ceil(Math.log10(Math.abs(expected) + 1)),
  );
});

test.each([
  ["°C", 21.5, "°F", 70.7],
  ["K", 273.15, "°F", 32],
  ["kPa", 101.325, "psi", 14.69595],
  ["bar", 1, "psi", 14.50377],
  ["Pa", 249.08891, "inH₂O", 1],
  ["hPa", 1013.25, "inHg", 29.92126],
  ["m³/h", 1, "cfm", 0.5885778],
  ["L/s", 1, "gpm", 15.85032],
  ["L/min", 1, "gpm", 0.2641721],
  ["J", 1055.05585262, "BTU", 1],
  ["m/s", 1, "ft/min", 196.8504],
  ["km/h", 100, "mph", 62.13712],
  ["lx", 500, "fc", 46.45152],
] as const)("%s: %d is %s %d", (metric, value, imperial, expected) => {
  const { unit, convert } = conversionTo("imperial", metric)!;
  expect(unit).toBe(imperial);
  expect(convert(value)).toBeCloseTo(expected, 4);
});

const SYMBOLS =
  "°F Δ°F psi inH₂O inHg cfm ft³/s gpm gph ft³ gal lb/h lb/s BTU therm BTU/lb ft/min mph ft in ft² fc".split(" ");

describe("there and back", () => {
  test.each(SYMBOLS)("%s", (symbol) => {
    const there = conversionTo("metric", symbol)!;
    const back = conversionTo("imperial", there.unit)!;
    expect(back.unit).toBe(symbol);
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        const error = Math.abs(back.convert(there.convert(value)) - value);
        // What 32 °F add and take away again is lost below their last bit.
        expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value), symbol === "°F" ? 100 : 0) * 4e-15 + 1e-300);
      }),
    );
  });
});

test("no conversion turns the order of values around, so min stays min", () => {
  const known = [
    ...SYMBOLS,
    "°C",
    "K",
    "kPa",
    "bar",
    "Pa",
    "L/s",
    "m/s",
    "lx",
    "hp",
    "ton",
    "BTU/h",
    "J",
    "L/min",
    "mbar",
  ];
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...known),
      fc.constantFrom("metric", "imperial"),
      finite,
      finite,
      (unit, system, a, b) => {
        const convert = conversionTo(system, unit)?.convert;
        if (convert === undefined) return;
        expect(convert(Math.min(a, b))).toBeLessThanOrEqual(convert(Math.max(a, b)));
      },
    ),
  );
});

test.each(["%", "ppm", "W", "kW", "kWh", "V", "pf", "W/m²", "rpm", "mystery", "constructor"])(
  "%s is the same in both systems, or unknown",
  (unit) => {
    expect([conversionTo("metric", unit), conversionTo("imperial", unit)]).toEqual([null, null]);
  },
);

test("a unit of the system asked for, no unit, and the points' own units: nothing is converted", () => {
  expect(conversionTo("metric", "°C")).toBeNull();
  expect(conversionTo("metric", "K")).toBeNull();
  expect(conversionTo("imperial", "°F")).toBeNull();
  expect(conversionTo("imperial", null)).toBeNull();
  expect(conversionTo("source", "°F")).toBeNull();
});

test("the table's units are those that the catalogue writes", () => {
  for (const raw of [
    "degrees-fahrenheit",
    "cubic-feet-per-minute",
    "usGallonsPerMinute",
    "inchesOfWater",
    "footCandles",
  ]) {
    expect(conversionTo("metric", normalizeUnit(raw))).not.toBeNull();
  }
  for (const raw of [
    "degrees-celsius",
    "cubicMetersPerHour",
    "litersPerSecond",
    "pascals",
    "luxes",
    "kilogramsPerHour",
  ]) {
    expect(conversionTo("imperial", normalizeUnit(raw))).not.toBeNull();
  }
});
