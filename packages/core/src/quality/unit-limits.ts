/** Where a sensor of a unit may stay constant for hours: never, at zero (a fan that is off), or anywhere (a meter). */
type Rest = "never" | "at zero" | "anywhere";

/** Plausible values of a unit. */
export interface UnitLimits {
  /** inclusive: wider than anything in or around a building, narrower than readings of broken wires and overflows */
  readonly min: number;
  readonly max: number;
  /** accuracy of the usual sensor of a slow quantity; null: it may jump, as switched lights and fans do */
  readonly accuracy: number | null;
  readonly rest: Rest;
}

const HUGE = 1e12;

function limits(min: number, max: number, accuracy: number | null, rest: Rest): UnitLimits {
  return { min, max, accuracy, rest };
}

/** A flow or speed of air and water. The offset may make it slightly negative. */
const flow = (max: number) => limits(-0.05 * max, max, null, "at zero");
/** Power may be fed back. A load may be constant. */
const power = (max: number) => limits(-max, max, null, "anywhere");
/** Only increases. */
const counter = limits(0, HUGE, null, "anywhere");
const amount = (max: number) => limits(0, max, null, "anywhere");

/**
 * By the symbols of catalog/unit.ts. Units that are not listed are not judged.
 * - Temperatures range from polar air to steam, pressures from vacuum to hydraulic plants.
 * - Accuracies are those of usual sensors of building control: 0.5 K, 3 %RH, 50 ppm CO2.
 */
const LIMITS: ReadonlyMap<string, UnitLimits> = new Map([
  ["°C", limits(-60, 200, 0.5, "never")],
  ["°F", limits(-76, 392, 1, "never")],
  ["K", limits(213, 473, 0.5, "never")],
  ["Δ°F", limits(-400, 400, null, "anywhere")],
  ["Δ°C", limits(-222, 222, null, "anywhere")],
  ["ΔK", limits(-222, 222, null, "anywhere")],
  ["%", limits(-5, 105, null, "anywhere")],
  ["%RH", limits(-3, 105, 3, "never")],
  ["%/m", limits(0, 100, null, "anywhere")],
  ["ppm", limits(0, 50_000, 50, "never")],
  ["ppb", limits(0, 1e6, null, "anywhere")],
  ["µg/m³", limits(0, 10_000, null, "at zero")],
  ["Pa", limits(-20_000, 1e8, null, "at zero")],
  ["hPa", limits(-1_100, 1e6, null, "at zero")],
  ["mbar", limits(-1_100, 1e6, null, "at zero")],
  ["kPa", limits(-110, 1e5, null, "at zero")],
  ["bar", limits(-1.1, 1_000, null, "at zero")],
  ["inH₂O", limits(-450, 30_000, null, "at zero")],
  ["inHg", limits(-32, 30_000, null, "at zero")],
  ...["psi", "psig"].map((unit) => [unit, limits(-16, 15_000, null, "at zero")] as const),
  ["cfm", flow(1e6)],
  ["cfh", flow(6e7)],
  ["ft³/s", flow(2e4)],
  ["m³/s", flow(500)],
  ["m³/h", flow(2e6)],
  ["L/s", flow(5e5)],
  ["L/min", flow(3e7)],
  ["L/h", flow(2e9)],
  ["gpm", flow(1e5)],
  ["gph", flow(6e6)],
  ["kg/s", flow(1e4)],
  ["kg/h", flow(4e7)],
  ["lb/s", flow(2e4)],
  ["lb/h", flow(8e7)],
  ["m/s", flow(150)],
  ["km/h", flow(540)],
  ["mph", flow(340)],
  ["ft/min", flow(30_000)],
  ["ft/s", flow(500)],
  ["W", power(1e9)],
  ["kW", power(1e6)],
  ["MW", power(1e3)],
  ["hp", power(1e6)],
  ["BTU/h", power(4e9)],
  ["kBTU/h", power(4e6)],
  ["MMBTU/h", power(4e3)],
  ["ton", power(3e5)],
  ["VA", power(1e9)],
  ["kVA", power(1e6)],
  ["var", power(1e9)],
  ["kvar", power(1e6)],
  ["pf", limits(-1.01, 1.01, null, "anywhere")],
  ...["Wh", "kWh", "MWh", "J", "kJ", "MJ", "GJ", "BTU", "kBTU", "MMBTU", "therm", "ton·h"].map(
    (unit) => [unit, counter] as const,
  ),
  ...["ft³", "m³", "gal", "L"].map((unit) => [unit, counter] as const),
  ["V", limits(-1e5, 1e5, null, "anywhere")],
  ["mV", limits(-1e8, 1e8, null, "anywhere")],
  ["kV", limits(-1e3, 1e3, null, "anywhere")],
  ["A", limits(-1e5, 1e5, null, "anywhere")],
  ["mA", limits(-1e8, 1e8, null, "anywhere")],
  ["Ω", amount(HUGE)],
  ["Hz", amount(1e6)],
  ["kHz", amount(1e3)],
  ["rpm", limits(-1e5, 1e5, null, "anywhere")],
  ["lx", limits(-5, 200_000, null, "at zero")],
  ["lm", amount(1e7)],
  ["fc", limits(-0.5, 20_000, null, "at zero")],
  ["°", limits(-360, 360, null, "anywhere")],
  ["rad", limits(-2 * Math.PI, 2 * Math.PI, null, "anywhere")],
  ["W/m²", limits(-300, 2_000, null, "at zero")],
  ["dB", limits(-100, 250, null, "anywhere")],
]);

/** null: the plausible values are unknown. @param unit normalised symbol; null: none */
export function unitLimits(unit: string | null): UnitLimits | null {
  return unit === null ? null : (LIMITS.get(unit) ?? null);
}
