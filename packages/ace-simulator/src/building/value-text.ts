/** Formats a controller's value as the API serves it. */
export type ValueText = (value: number) => string;

/** A double in Python's format: whole numbers keep a ".0". */
export function pythonFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}

/** Rounded to one decimal, as analog outputs are configured. */
export const tenths: ValueText = (value) => pythonFloat(Math.round(value * 10) / 10);

/** A single-precision value widened to double, as from BACnet reals: "1.6100000143051147". */
export const float32: ValueText = (value) => pythonFloat(Math.fround(value));

export const wholeText: ValueText = (value) => pythonFloat(Math.round(value));

/** Counters round down, so that they never count ahead. */
export const counterTenths: ValueText = (value) => pythonFloat(Math.floor(value * 10) / 10);

export const activeInactive: ValueText = (value) => (value > 0.5 ? "active" : "inactive");

export const trueFalse: ValueText = (value) => (value > 0.5 ? "true" : "false");
