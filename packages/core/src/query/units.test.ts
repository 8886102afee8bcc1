import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeUnit } from "../catalog/unit.ts";
import { NAMES_OF_HEAT_AND_FLOW } from "../catalog/unit-names-heat-flow.ts";
import { NAMES_OF_OTHER_UNITS } from "../catalog/unit-names-other.ts";
import { conversionBetween, conversionTo } from "./units.ts";

/** As printed in NIST SP 811 (2008), appendix B.8, or derived from its exact definitions. */
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
  ["Δ°F", 1.8, "ΔK", 1],
  ["°F/h", 9, "°C/h", 5],
  ["°F·d", 18, "°C·d", 10],
  ["psig", 1, "kPa", 6.894757],
  ["cfh", 1, "m³/h", 2.831685e-2],
  ["ft³/d", 1, "m³/d", 2.831685e-2],
  ["gps", 1, "L/s", 3.785412],
  ["gpd", 1, "L/d", 3.785412],
  ["galUK/min", 1, "L/s", 7.576817e-2],
  ["galUK", 1, "L", 4.54609],
  ["lb/min", 1, "kg/min", 0.4535924],
  ["lb", 1, "kg", 0.4535924],
  ["shortTon", 1, "t", 0.9071847],
  ["kBTU/h", 1, "kW", 0.2930711],
  ["MMBTU/h", 1, "kW", 293.0711],
  ["ton·h", 1, "kWh", 3.516853],
  ["kBTU", 1, "MJ", 1.055056],
  ["MMBTU", 1, "GJ", 1.055056],
  ["gr/lb", 7, "g/kg", 1],
  ["kWh/ft²", 1, "kWh/m²", 10.76391],
  ["MJ/ft²", 1, "MJ/m²", 10.76391],
  ["W/ft²", 1, "W/m²", 10.76391],
  ["yd", 1, "m", 0.9144],
  ["mi", 1, "km", 1.609344],
  ["in²", 1, "cm²", 6.4516],
  ["lbf·ft", 1, "N·m", 1.355818],
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
  ["mmHg", 760, "inHg", 29.92126],
  ["cmH₂O", 2.54, "inH₂O", 1],
  ["m³/min", 1, "cfm", 35.31467],
  ["cm", 2.54, "in", 1],
] as const)("%s: %d is %s %d", (metric, value, imperial, expected) => {
  const { unit, convert } = conversionTo("imperial", metric)!;
  expect(unit).toBe(imperial);
  expect(convert(value)).toBeCloseTo(expected, 4);
});

const SYMBOLS =
  "°F Δ°F °F/h °F·d psi inH₂O inHg cfm ft³/s ft³/d gpm gph gpd ft³ gal lb/h lb/s lb BTU therm MMBTU BTU/lb kWh/ft² ft/min mph ft mi in ft² in² fc".split(
    " ",
  );

describe("there and back", () => {
  test.each(SYMBOLS)("%s", (symbol) => {
    const there = conversionTo("metric", symbol)!;
    const back = conversionTo("imperial", there.unit)!;
    expect(back.unit).toBe(symbol);
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        const error = Math.abs(back.convert(there.convert(value)) - value);
        // Adding and subtracting 32 °F loses bits below the last bit of 32.
        expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value), symbol === "°F" ? 100 : 0) * 4e-15 + 1e-300);
      }),
    );
  });
});

test("conversions keep the order of values, so min stays min", () => {
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

test("decimal definitions come out as decimals", () => {
  const inMetric = (unit: string) => conversionTo("metric", unit)!.convert(1);
  expect(["in", "mi", "lb", "cfm", "gal", "kBTU", "inHg"].map(inMetric)).toEqual([
    25.4, 1.609344, 0.45359237, 1.69901079552, 3.785411784, 1.05505585262, 33.86388640341,
  ]);
});

/** Each known unit is converted without an error, or stays. */
test("every unit of the catalogue can be converted", () => {
  for (const symbol of Object.keys({ ...NAMES_OF_HEAT_AND_FLOW, ...NAMES_OF_OTHER_UNITS })) {
    for (const system of ["metric", "imperial"] as const) {
      const conversion = conversionTo(system, symbol);
      if (conversion === null) continue;
      expect(conversion.convert(300)).toBeGreaterThan(0);
      // The resulting unit is known too.
      expect(normalizeUnit(conversion.unit)).toBe(conversion.unit);
    }
  }
});

test.each(["%", "ppm", "W", "kW", "kWh", "V", "pf", "W/m²", "rpm", "mystery", "constructor"])(
  "%s is the same in both systems, or unknown",
  (unit) => {
    expect([conversionTo("metric", unit), conversionTo("imperial", unit)]).toEqual([null, null]);
  },
);

test("values in the requested system, without unit or as source stay", () => {
  expect(conversionTo("metric", "°C")).toBeNull();
  expect(conversionTo("metric", "K")).toBeNull();
  expect(conversionTo("imperial", "°F")).toBeNull();
  expect(conversionTo("imperial", null)).toBeNull();
  expect(conversionTo("source", "°F")).toBeNull();
});

test("the table has the units that the catalogue writes", () => {
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

test.each([
  ["°F", 72.5, "°C", 22.5],
  ["K", 300, "°F", 80.33],
  ["kW", 1.5, "W", 1500],
  ["kWh", 1, "MJ", 3.6],
  ["bar", 2, "psi", 29.007_547_546],
])("%s to %s: %d is %d", (from, value, to, converted) => {
  expect(conversionBetween(from, to)?.(value)).toBeCloseTo(converted, 9);
});

test("units of different or unknown quantities are not converted", () => {
  for (const [from, to] of [
    ["kW", "kWh"],
    ["°C", "kW"],
    ["smoots", "m"],
    ["m", "smoots"],
  ] as const) {
    expect(conversionBetween(from, to)).toBe(null);
  }
});
