import { parseDay } from "@building-vitals/core/domain/day";
import { z } from "zod";

const error = "must be a UTC day such as 2025-10-12";

/** A UTC day in a request body, parsed to whole days since 1970. */
export const dayField = z.string({ error }).transform((text, context) => {
  const day = parseDay(text);
  if (day !== null) return day;
  context.addIssue(error);
  return z.NEVER;
});
