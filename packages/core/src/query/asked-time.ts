import { Temporal } from "temporal-polyfill";
import { type BucketInterval, bucketBounds } from "./buckets.ts";

/** Units of relative times. Days and longer ones follow the calendar of a zone. */
const UNITS = {
  s: "seconds",
  m: "minutes",
  h: "hours",
  d: "days",
  w: "weeks",
  M: "months",
  y: "years",
} as const;
type Unit = keyof typeof UNITS;

/** The buckets whose starts a time is rounded down to. */
const BUCKETS = { m: "1min", h: "1hr", d: "1day", w: "1week", M: "1month" } as const satisfies Partial<
  Record<Unit, BucketInterval>
>;

/** Adds `amount` units, or rounds down to the start of a unit if `amount` is null. */
interface Step {
  readonly unit: Unit;
  readonly amount: number | null;
}

/** A time of a request before its zone and the site's front are known. */
export type AskedTime =
  | { readonly kind: "absolute"; readonly time: number }
  /** a date or a time of the zone's clock, in ISO 8601 without offset */
  | { readonly kind: "local"; readonly text: string }
  /** `now` and the steps from there */
  | { readonly kind: "relative"; readonly steps: readonly Step[] };

const LOCAL = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?$/;
const RELATIVE = /^now(?:[+-]\d{1,6}[smhdwMy]|\/[smhdwMy])*$/;
const STEPS = /\/([smhdwMy])|([+-]\d+)([smhdwMy])/g;
const MAX_STEPS = 6;

/** Parses a local or relative time. null: the text is neither, or not a date of the calendar. */
export function parseAskedTime(text: string): AskedTime | null {
  // An unescaped + arrives as a space.
  const relative = text.replaceAll(" ", "+");
  if (RELATIVE.test(relative)) {
    const steps = Array.from(relative.matchAll(STEPS), ([, floor, amount, unit]): Step => {
      return floor === undefined
        ? { unit: unitOf(unit), amount: Number(amount) }
        : { unit: unitOf(floor), amount: null };
    });
    return steps.length > MAX_STEPS ? null : { kind: "relative", steps };
  }
  if (!LOCAL.test(text)) return null;
  try {
    Temporal.PlainDateTime.from(text, { overflow: "reject" });
    return { kind: "local", text };
  } catch {
    return null;
  }
}

function unitOf(letter: string | undefined): Unit {
  const unit = Object.keys(UNITS).find((one): one is Unit => one === letter);
  if (unit === undefined) throw new Error(`unknown unit of time: ${letter}`);
  return unit;
}

/**
 * Resolves a time.
 * - A local time that the clock skips is taken by the offset before the change; of a repeated one the first is taken.
 * - A date is the start of that day.
 * - Rounding finds the start of the bucket that holds the time, so `now/d` begins a bucket of 1day.
 * @param now epoch ms
 * @returns epoch ms; null: outside of the calendar
 */
export function resolveTime(asked: AskedTime, now: number, timeZone: string): number | null {
  try {
    switch (asked.kind) {
      case "absolute":
        return asked.time;
      case "local":
        return localTime(asked.text, timeZone);
      case "relative":
        return asked.steps.reduce((time, step) => takeStep(time, step, timeZone), now);
      default:
        throw new Error(`unknown kind of time: ${JSON.stringify(asked satisfies never)}`);
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function localTime(text: string, timeZone: string): number {
  if (text.includes("T")) return Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone).epochMilliseconds;
  return Temporal.PlainDate.from(text).toZonedDateTime(timeZone).epochMilliseconds;
}

function takeStep(time: number, { unit, amount }: Step, timeZone: string): number {
  const at = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  if (amount !== null) return at.add({ [UNITS[unit]]: amount }).epochMilliseconds;
  if (unit === "s") return Math.floor(time / 1000) * 1000;
  if (unit === "y") return at.toPlainDate().with({ month: 1, day: 1 }).toZonedDateTime(timeZone).epochMilliseconds;
  return bucketBounds({ start: time, end: time + 1 }, BUCKETS[unit], timeZone)[0]!;
}
