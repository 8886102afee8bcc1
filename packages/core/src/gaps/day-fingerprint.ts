import { z } from "zod";
import type { ManifestDay } from "../manifest/manifest.ts";
import { dayRange } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import type { HotHour } from "../store/hot-hours.ts";

/** What is stored of a day, as far as it tells whether the day must be looked at again: the JSON of `gap_days.fingerprint`. */
const fingerprintSchema = z.object({
  /** the file's generation and state; null: it was never built */
  file: z.tuple([z.int(), z.string()]).nullable(),
  /** versions of the hot hours, by hour of the day */
  hours: z.record(z.string(), z.int()),
  /** what is known reaches up to here, epoch ms */
  until: z.int(),
  /**
   * the points that had samples before the day's end, and the times of day of those that had their first on it, summed up, in
   * ms: silences are looked for from a point's first sample on, and first samples only ever become earlier
   */
  firstSeen: z.tuple([z.int(), z.int()]),
});
export type DayFingerprint = z.infer<typeof fingerprintSchema>;

/** @returns null: an earlier version of ours wrote it, which told of less */
export function parseFingerprint(text: string): DayFingerprint | null {
  return fingerprintSchema.safeParse(JSON.parse(text)).data ?? null;
}

/** @param known what is known of the day @param hours those of the day */
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
 * The part of a day that has changed since it was looked at, in whole hours but for its end; null: nothing has.
 * @param before null: it was never looked at
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
