import { HOURS_PER_DAY } from "../domain/day.ts";

const NEVER_ASKED: readonly number[] = Array.from({ length: HOURS_PER_DAY }, () => 0);

/** Checked by hand, because a chart of a year parses several thousand. */
function isAsked(parsed: unknown): parsed is readonly number[] {
  return Array.isArray(parsed) && parsed.length === HOURS_PER_DAY && parsed.every(Number.isSafeInteger);
}

/**
 * Parses the text of `ManifestDay.asked`, from the manifest or from a file's metadata. @returns zeros for an invalid
 * text
 */
export function parseAsked(text: string | null | undefined): readonly number[] {
  if (text == null) return NEVER_ASKED;
  try {
    const parsed: unknown = JSON.parse(text);
    return isAsked(parsed) ? parsed : NEVER_ASKED;
  } catch {
    return NEVER_ASKED;
  }
}

/**
 * When the hour of a sample in a day's file was last requested from the upstream, epoch ms. @param time epoch ms,
 * within the day
 */
export function askedAt(day: { readonly asked: readonly number[] }, time: number): number {
  return day.asked[new Date(time).getUTCHours()] ?? 0;
}
