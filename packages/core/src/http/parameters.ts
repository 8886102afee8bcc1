import { z } from "zod";

/** A parameter that may occur only once in the address: unwraps its value. */
export function once<S extends z.ZodType>(schema: S) {
  return z.preprocess((values, context) => {
    if (!Array.isArray(values)) return values;
    if (values.length === 1) return values[0];
    context.addIssue("may be given once only");
    return z.NEVER;
  }, schema);
}

/** A whole number of an address, both bounds included. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
