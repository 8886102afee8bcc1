/**
 * BACnet engineering units (ASHRAE 135, BACnetEngineeringUnits) and the spellings of Niagara, by their letters and
 * digits in lower case: `degrees-fahrenheit`, `degreesFahrenheit` and `Degrees Fahrenheit` are one key.
 */
const SYMBOLS: Readonly<Record<string, string>> = {
  degreesfahrenheit: "°F",
  degreefahrenheit: "°F",
  fahrenheit: "°F",
  degf: "°F",
  degreescelsius: "°C",
  degreecelsius: "°C",
  celsius: "°C",
  degc: "°C",
  degreeskelvin: "K",
  kelvin: "K",
  deltadegreesfahrenheit: "Δ°F",
  deltadegreeskelvin: "ΔK",
  percent: "%",
  percentrelativehumidity: "%RH",
  relativehumidity: "%RH",
  percentobscurationpermeter: "%/m",
  partspermillion: "ppm",
  partsperbillion: "ppb",
  pascals: "Pa",
  hectopascals: "hPa",
  kilopascals: "kPa",
  bars: "bar",
  millibars: "mbar",
  inchesofwater: "inH₂O",
  inchesofmercury: "inHg",
  poundsforcepersquareinch: "psi",
  cubicfeetperminute: "cfm",
  cubicfeetpersecond: "ft³/s",
  cubicmeterspersecond: "m³/s",
  cubicmetersperhour: "m³/h",
  literspersecond: "L/s",
  litersperminute: "L/min",
  litersperhour: "L/h",
  usgallonsperminute: "gpm",
  usgallonsperhour: "gph",
  cubicfeet: "ft³",
  cubicmeters: "m³",
  usgallons: "gal",
  liters: "L",
  watts: "W",
  kilowatts: "kW",
  megawatts: "MW",
  horsepower: "hp",
  btusperhour: "BTU/h",
  tonsrefrigeration: "ton",
  watthours: "Wh",
  kilowatthours: "kWh",
  megawatthours: "MWh",
  joules: "J",
  kilojoules: "kJ",
  megajoules: "MJ",
  btus: "BTU",
  therms: "therm",
  voltamperes: "VA",
  kilovoltamperes: "kVA",
  voltamperesreactive: "var",
  kilovoltamperesreactive: "kvar",
  powerfactor: "pf",
  volts: "V",
  millivolts: "mV",
  kilovolts: "kV",
  amperes: "A",
  milliamperes: "mA",
  ohms: "Ω",
  hertz: "Hz",
  kilohertz: "kHz",
  revolutionsperminute: "rpm",
  luxes: "lx",
  lux: "lx",
  lumens: "lm",
  footcandles: "fc",
  meterspersecond: "m/s",
  kilometersperhour: "km/h",
  milesperhour: "mph",
  feetperminute: "ft/min",
  feetpersecond: "ft/s",
  meters: "m",
  millimeters: "mm",
  feet: "ft",
  inches: "in",
  squarefeet: "ft²",
  squaremeters: "m²",
  degreesangular: "°",
  wattspersquaremeter: "W/m²",
  kilogramspersecond: "kg/s",
  kilogramsperhour: "kg/h",
  poundsmasspersecond: "lb/s",
  poundsmassperhour: "lb/h",
  btuperpound: "BTU/lb",
  btusperpound: "BTU/lb",
  kilojoulesperkilogram: "kJ/kg",
  milliseconds: "ms",
  seconds: "s",
  minutes: "min",
  hours: "h",
  days: "d",
  decibels: "dB",
  microgramspercubicmeter: "µg/m³",
};

/** Spellings that say that there is no unit, or that the controller does not know one. */
const NONE = new Set(["", "nounits", "nounit", "none", "null", "unitless", "propertyunknownproperty"]);

/** Symbols that upstreams write as they are; letters alone cannot tell them apart (`M` and `m`). */
const KNOWN_SYMBOLS = new Set(Object.values(SYMBOLS));

/**
 * The symbol of a unit, from the upstream's spelling. An unknown spelling is kept as it is, for a person can read it
 * and a wrong guess would mislead one.
 */
export function normalizeUnit(raw: string | null | undefined): string | null {
  const trimmed = raw?.trim() ?? "";
  if (KNOWN_SYMBOLS.has(trimmed)) return trimmed;
  const key = trimmed.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (NONE.has(key) && !/[^\s\w:.-]/.test(trimmed)) return null;
  return (Object.hasOwn(SYMBOLS, key) ? SYMBOLS[key] : undefined) ?? trimmed;
}
