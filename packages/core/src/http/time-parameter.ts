import { z } from "zod";

const EPOCH_MS = /^-?\d{1,15}$/;
const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

function parseTime(text: string): number {
  if (EPOCH_MS.test(text)) return Number(text);
  // An address that does not escape the + of an offset means a space.
  const iso = text.replace(" ", "+");
  const date = ISO_8601.exec(iso)?.[1];
  // Date.parse alone takes 30 February for 2 March.
  return z.iso.date().safeParse(date).success ? Date.parse(iso) : Number.NaN;
}

/** What {@link timeSchema} takes, for descriptions. */
export const A_TIME = "ISO-8601 with Z or an offset, a date, or epoch milliseconds";

/** A time as ISO-8601 with an offset, a date (its midnight in UTC), or epoch milliseconds; in epoch milliseconds. */
export const timeSchema = z.string("is missing").transform((text, context) => {
  const time = parseTime(text);
  if (Number.isSafeInteger(time)) return time;
  context.addIssue("must be ISO-8601 with Z or an offset, such as 2025-10-12T14:00:00Z, or epoch milliseconds");
  return z.NEVER;
});
