/** `source`: as the points give them. */
export const UNIT_SYSTEMS = ["source", "metric", "imperial"] as const;
export type UnitSystem = (typeof UNIT_SYSTEMS)[number];

/** How a value becomes one of another unit. */
export interface Conversion {
  /** the symbol of the unit it is then in */
  readonly unit: string;
  readonly convert: (value: number) => number;
}

// Exact by definition (NIST SP 811, appendix B), in SI units.
const FOOT = 0.3048;
const INCH = 0.0254;
const GALLON = 231 * INCH ** 3;
const POUND = 0.45359237;
const GRAVITY = 9.80665;
const POUND_FORCE = POUND * GRAVITY;
/** International Table; the BTU of ASHRAE. */
const BTU = 1055.05585262;
/** The conventional columns: water of 1,000 kg/m³, mercury of 13,595.1 kg/m³. */
const INCH_OF_WATER = 1000 * GRAVITY * INCH;
const INCH_OF_MERCURY = 13_595.1 * GRAVITY * INCH;
/** The therm of the United States, in joules. */
const THERM = 105_480_400;

/**
 * Imperial (US customary) unit, metric unit, and how many of the metric one the imperial one is. Either way round, the
 * first line that has a unit is the one. What meters count in both systems alike (W, kWh of electricity, W/m², ppm, %)
 * is in none. Air flows are cubic metres an hour and liquids litres a second, so that each finds its way back.
 */
const PAIRS: readonly (readonly [imperial: string, metric: string, factor: number])[] = [
  ["Δ°F", "ΔK", 5 / 9],
  ["psi", "kPa", POUND_FORCE / INCH ** 2 / 1000],
  ["psi", "bar", POUND_FORCE / INCH ** 2 / 100_000],
  ["inH₂O", "Pa", INCH_OF_WATER],
  ["inHg", "hPa", INCH_OF_MERCURY / 100],
  ["inHg", "mbar", INCH_OF_MERCURY / 100],
  ["cfm", "m³/h", FOOT ** 3 * 60],
  ["ft³/s", "m³/s", FOOT ** 3],
  ["gpm", "L/s", (GALLON * 1000) / 60],
  ["gpm", "L/min", GALLON * 1000],
  ["gph", "L/h", GALLON * 1000],
  ["ft³", "m³", FOOT ** 3],
  ["gal", "L", GALLON * 1000],
  ["lb/h", "kg/h", POUND],
  ["lb/s", "kg/s", POUND],
  ["hp", "kW", (550 * FOOT * POUND_FORCE) / 1000],
  ["ton", "kW", (12_000 * BTU) / 3_600_000],
  ["BTU/h", "W", BTU / 3600],
  ["BTU", "kJ", BTU / 1000],
  ["BTU", "J", BTU],
  ["therm", "MJ", THERM / 1_000_000],
  ["BTU/lb", "kJ/kg", BTU / POUND / 1000],
  ["ft/min", "m/s", FOOT / 60],
  ["ft/s", "m/s", FOOT],
  ["mph", "km/h", (5280 * FOOT) / 1000],
  ["ft", "m", FOOT],
  ["in", "mm", INCH * 1000],
  ["ft²", "m²", FOOT ** 2],
  ["fc", "lx", 1 / FOOT ** 2],
];

/** Metric units that are used as they are by those who otherwise measure in imperial ones. */
const USED_IN_BOTH = new Set(["W", "kW"]);

const TO_METRIC = new Map<string, Conversion>([["°F", { unit: "°C", convert: (value) => ((value - 32) * 5) / 9 }]]);
const TO_IMPERIAL = new Map<string, Conversion>([
  ["°C", { unit: "°F", convert: (value) => (value * 9) / 5 + 32 }],
  ["K", { unit: "°F", convert: (value) => ((value - 273.15) * 9) / 5 + 32 }],
]);
for (const [imperial, metric, factor] of PAIRS) {
  if (!TO_METRIC.has(imperial)) TO_METRIC.set(imperial, { unit: metric, convert: (value) => value * factor });
  if (TO_IMPERIAL.has(metric) || USED_IN_BOTH.has(metric)) continue;
  TO_IMPERIAL.set(metric, { unit: imperial, convert: (value) => value / factor });
}

/**
 * How values of a unit become ones of a system; null: they stay as they are, for the unit is of that system, is not
 * known, or is none. No conversion turns the order of values around.
 * @param unit symbol, as the catalogue has it
 */
export function conversionTo(system: UnitSystem, unit: string | null): Conversion | null {
  if (unit === null || system === "source") return null;
  return (system === "metric" ? TO_METRIC : TO_IMPERIAL).get(unit) ?? null;
}
