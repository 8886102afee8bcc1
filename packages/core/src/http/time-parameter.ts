import { z } from "zod";

const INTEGER = /^-?\d+$/;

/**
 * Integers that are epoch milliseconds, from 1973 to 5138. Epoch seconds are smaller, microseconds and nanoseconds
 * larger.
 */
const FIRST_MS = 1e11;
const LAST_MS = 1e14;

const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

function parseIso(text: string): number {
  // An unescaped + of an offset arrives as a space.
  const iso = text.replace(" ", "+");
  const date = ISO_8601.exec(iso)?.[1];
  // Date.parse accepts 30 February as 2 March.
  return z.iso.date().safeParse(date).success ? Date.parse(iso) : Number.NaN;
}

/** The formats that {@link timeSchema} accepts, for descriptions. */
export const A_TIME = "ISO-8601 with Z or an offset, a date, or epoch milliseconds";

/**
 * A time in epoch milliseconds, from ISO-8601 with an offset, a date (midnight UTC), or epoch milliseconds. An integer
 * of another unit is the problem `epoch_seconds`.
 */
export const timeSchema = z.string("is missing").transform((text, context) => {
  if (INTEGER.test(text)) {
    const number = Number(text);
    if (number >= FIRST_MS && number <= LAST_MS) return number;
    const unit = number < FIRST_MS ? "seconds" : "microseconds or nanoseconds";
    const message = `${text.slice(0, 30)} looks like epoch ${unit}; write epoch milliseconds or ISO-8601`;
    context.addIssue({ code: "custom", message, params: { problem: "epoch_seconds" } });
    return z.NEVER;
  }
  const time = parseIso(text);
  if (Number.isSafeInteger(time)) return time;
  context.addIssue("must be ISO-8601 with Z or an offset, such as 2025-10-12T14:00:00Z, or epoch milliseconds");
  return z.NEVER;
});
