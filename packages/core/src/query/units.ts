import { ucum } from "@atomic-ehr/ucum";

/** `source`: the points' own units. */
export const UNIT_SYSTEMS = ["source", "metric", "imperial"] as const;
export type UnitSystem = (typeof UNIT_SYSTEMS)[number];

/** A conversion to another unit. */
export interface Conversion {
  /** symbol of the resulting unit */
  readonly unit: string;
  readonly convert: (value: number) => number;
}

/**
 * Imperial (US customary) units and their metric counterparts, each with its code in UCUM, the Unified Code for Units of
 * Measure; the library knows what a code stands for. In either direction the first line that has a unit counts. Units
 * that both systems use (W, kWh, W/m², ppm, %) have no line of their own. Air flows become cubic metres an hour and
 * liquids litres a second, so that each finds its way back. BTU and ton of refrigeration are those of the International
 * Table, the therm that of the United States. Mercury has its conventional density, 13,595.1 kg/m³; UCUM's own is 3.5 ppm
 * off. Codes hold no decimals: their dot multiplies.
 */
const PAIRS = `
Δ°F K.5/9 = ΔK K
Δ°F K.5/9 = Δ°C K
°F/min K.5/9/min = °C/min K/min
°F/min K.5/9/min = K/min K/min
°F/h K.5/9/h = °C/h K/h
°F/h K.5/9/h = K/h K/h
°F/d K.5/9/d = °C/d K/d
°F·d K.5/9.d = °C·d K.d
°F·h K.5/9.h = °C·h K.h
psi [psi] = kPa kPa
psi [psi] = bar bar
psia [psi] = kPa kPa
psig [psi] = kPa kPa
inH₂O [in_i'H2O] = Pa Pa
inH₂O [in_i'H2O] = mmH₂O mm[H2O]
inH₂O [in_i'H2O] = cmH₂O cm[H2O]
inHg 135951.hg/m3.[g].[in_i] = hPa hPa
inHg 135951.hg/m3.[g].[in_i] = mbar mbar
inHg 135951.hg/m3.[g].[in_i] = mmHg 135951.hg/m3.[g].mm
inHg 135951.hg/m3.[g].[in_i] = cmHg 135951.hg/m3.[g].cm
cfm [cft_i]/min = m³/h m3/h
cfm [cft_i]/min = m³/min m3/min
cfh [cft_i]/h = m³/h m3/h
ft³/s [cft_i]/s = m³/s m3/s
ft³/d [cft_i]/d = m³/d m3/d
gpm [gal_us]/min = L/s L/s
gpm [gal_us]/min = L/min L/min
gps [gal_us]/s = L/s L/s
gph [gal_us]/h = L/h L/h
gpd [gal_us]/d = L/d L/d
galUK/min [gal_br]/min = L/s L/s
galUK/s [gal_br]/s = L/s L/s
ft³ [cft_i] = m³ m3
gal [gal_us] = L L
galUK [gal_br] = L L
lb/h [lb_av]/h = kg/h kg/h
lb/min [lb_av]/min = kg/min kg/min
lb/s [lb_av]/s = kg/s kg/s
lb/d [lb_av]/d = kg/d kg/d
lb [lb_av] = kg kg
shortTon [ston_av] = t t
shortTon/h [ston_av]/h = t/h t/h
hp [HP] = kW kW
ton 12000.[Btu_IT]/h = kW kW
BTU/h [Btu_IT]/h = W W
kBTU/h k[Btu_IT]/h = kW kW
MMBTU/h M[Btu_IT]/h = kW kW
ton·h 12000.[Btu_IT]/h.h = kWh kW.h
BTU [Btu_IT] = kJ kJ
BTU [Btu_IT] = J J
therm 105480400.J = MJ MJ
kBTU k[Btu_IT] = MJ MJ
MMBTU M[Btu_IT] = GJ GJ
BTU/lb [Btu_IT]/[lb_av] = kJ/kg kJ/kg
gr/lb [gr]/[lb_av] = g/kg g/kg
kWh/ft² kW.h/[sft_i] = kWh/m² kW.h/m2
MJ/ft² MJ/[sft_i] = MJ/m² MJ/m2
W/ft² W/[sft_i] = W/m² W/m2
ft/min [ft_i]/min = m/s m/s
ft/s [ft_i]/s = m/s m/s
mph [mi_i]/h = km/h km/h
ft [ft_i] = m m
yd [yd_i] = m m
mi [mi_i] = km km
in [in_i] = mm mm
in [in_i] = cm cm
ft² [sft_i] = m² m2
in² [sin_i] = cm² cm2
fc lm/[sft_i] = lx lx
lbf·ft [lbf_av].[ft_i] = N·m N.m
`
  .trim()
  .split("\n")
  .map((line) => line.split(" "));

/** Units that are used unchanged in both systems. */
const USED_IN_BOTH = new Set(["W", "kW", "kWh", "W/m²"]);

type Convert = (value: number) => number;
interface Counterpart {
  readonly unit: string;
  readonly convert: () => Convert;
}

const TO_METRIC = new Map<string, Counterpart>([
  ["°F", { unit: "°C", convert: () => (value) => ((value - 32) * 5) / 9 }],
]);
const TO_IMPERIAL = new Map<string, Counterpart>([
  ["°C", { unit: "°F", convert: () => (value) => (value * 9) / 5 + 32 }],
  ["K", { unit: "°F", convert: () => (value) => ((value - 273.15) * 9) / 5 + 32 }],
]);
for (const [imperial = "", code = "", , metric = "", metricCode = ""] of PAIRS) {
  let known: number | undefined;
  // Parses the codes on first use, so that a Worker starts without it.
  const factor = () => (known ??= factorOf(code, metricCode));
  const toMetric = () => {
    const by = factor();
    return (value: number) => value * by;
  };
  const toImperial = () => {
    const by = factor();
    return (value: number) => value / by;
  };
  if (!TO_METRIC.has(imperial)) TO_METRIC.set(imperial, { unit: metric, convert: toMetric });
  if (TO_IMPERIAL.has(metric) || USED_IN_BOTH.has(metric)) continue;
  TO_IMPERIAL.set(metric, { unit: imperial, convert: toImperial });
}

/**
 * The factor from one unit to another, rounded to 15 digits: the definitions are decimals, and the library multiplies
 * doubles.
 * @throws {Error} for units of different quantities
 */
function factorOf(code: string, metricCode: string): number {
  return Number(ucum.convert(1, code, metricCode).toPrecision(15));
}

/**
 * The conversion from a unit to a system. Conversions keep the order of values.
 * @param unit symbol of the catalogue
 * @returns null: no unit, an unknown unit, or one of that system already
 */
export function conversionTo(system: UnitSystem, unit: string | null): Conversion | null {
  if (unit === null || system === "source") return null;
  const counterpart = (system === "metric" ? TO_METRIC : TO_IMPERIAL).get(unit);
  return counterpart === undefined ? null : { unit: counterpart.unit, convert: counterpart.convert() };
}

/** UCUM codes by symbol, for all units above and those common to both systems. */
const CODES = new Map(
  PAIRS.flatMap(([imperial = "", code = "", , metric = "", metricCode = ""]) => [
    [imperial, code] as const,
    [metric, metricCode] as const,
  ]),
);

/**
 * The conversion between two units. Conversions keep the order of values.
 * @param from symbol of the catalogue
 * @returns null: different quantities, or an unknown unit
 */
export function conversionBetween(from: string, to: string): Convert | null {
  const scales = [TEMPERATURES.get(from), TEMPERATURES.get(to)];
  if (scales[0] !== undefined && scales[1] !== undefined) {
    const [{ toCelsius }, { fromCelsius }] = [scales[0], scales[1]];
    return (value) => fromCelsius(toCelsius(value));
  }
  const [code, target] = [CODES.get(from), CODES.get(to)];
  if (code === undefined || target === undefined) return null;
  try {
    const by = factorOf(code, target);
    return (value) => value * by;
  } catch {
    return null;
  }
}

const TEMPERATURES = new Map<string, { readonly toCelsius: Convert; readonly fromCelsius: Convert }>([
  ["°C", { toCelsius: (value) => value, fromCelsius: (value) => value }],
  ["°F", { toCelsius: (value) => ((value - 32) * 5) / 9, fromCelsius: (value) => (value * 9) / 5 + 32 }],
  ["K", { toCelsius: (value) => value - 273.15, fromCelsius: (value) => value + 273.15 }],
]);
