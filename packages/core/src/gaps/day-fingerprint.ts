import { z } from "zod";
import type { ManifestDay } from "../manifest/manifest.ts";
import { dayRange } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { HotHour } from "../store/hot-hours.ts";

/** The stored state of a day that decides whether to scan it again: the JSON of `gap_days.fingerprint`. */
const fingerprintSchema = z.object({
  /** the file's generation and state; null: no build ran yet */
  file: z.tuple([z.int(), z.string()]).nullable(),
  /** versions of the hot hours, by hour of the day */
  hours: z.record(z.string(), z.int()),
  /** the day is known up to here, epoch ms */
  until: z.int(),
  /**
   * - number of points with a first sample before the day's end
   * - sum of the times of day of the first samples on this day, ms
   * Silences are searched from a point's first sample on. First-seen times only ever move earlier.
   */
  firstSeen: z.tuple([z.int(), z.int()]),
});
export type DayFingerprint = z.infer<typeof fingerprintSchema>;

/** @returns null: the text has another form */
export function parseFingerprint(text: string): DayFingerprint | null {
  return fingerprintSchema.safeParse(JSON.parse(text)).data ?? null;
}

/** @param known the known part of the day @param hours the day's hot hours */
export function fingerprintOf(
  known: TimeRange,
  file: ManifestDay | null,
  hours: readonly HotHour[],
  firstSeen: DayFingerprint["firstSeen"],
): DayFingerprint {
  return {
    file: file === null ? null : [file.generation, file.state],
    hours: Object.fromEntries(
      hours.filter(({ hour }) => hour < known.end).map(({ hour, version }) => [new Date(hour).getUTCHours(), version]),
    ),
    until: known.end,
    firstSeen,
  };
}

/**
 * The part of a day that changed since its last scan. Its bounds are whole hours, or the end of the known part.
 * @param before null: never scanned
 * @returns null: nothing changed
 */
export function changedPart(
  day: number,
  known: TimeRange,
  before: DayFingerprint | null,
  now: DayFingerprint,
): TimeRange | null {
  const asWhole = ({ file, firstSeen }: DayFingerprint) => JSON.stringify([file, firstSeen]);
  if (before === null || asWhole(before) !== asWhole(now)) return known;
  const changed = hoursOf({ start: dayRange(day).start, end: known.end }).filter((hour) => {
    const index = String(new Date(hour).getUTCHours());
    return before.hours[index] !== now.hours[index] || (now.until > before.until && hour + HOUR_MS > before.until);
  });
  const [first] = changed;
  const last = changed.at(-1);
  if (first === undefined || last === undefined) return null;
  const part = { start: Math.max(known.start, hourOf(first)), end: Math.min(known.end, last + HOUR_MS) };
  return part.start < part.end ? part : null;
}
