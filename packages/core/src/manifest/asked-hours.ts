import { HOURS_PER_DAY } from "../domain/day.ts";

const NEVER_ASKED: readonly number[] = Array.from({ length: HOURS_PER_DAY }, () => 0);

/** Checked by hand: a chart of a year reads some thousands. */
function isAsked(parsed: unknown): parsed is readonly number[] {
  return Array.isArray(parsed) && parsed.length === HOURS_PER_DAY && parsed.every(Number.isSafeInteger);
}

/** The text of `ManifestDay.asked`, in the manifest and in a file's metadata. @returns zeros for any other text */
export function parseAsked(text: string | null | undefined): readonly number[] {
  if (text == null) return NEVER_ASKED;
  try {
    const parsed: unknown = JSON.parse(text);
    return isAsked(parsed) ? parsed : NEVER_ASKED;
  } catch {
    return NEVER_ASKED;
  }
}

/** When the samples of a day's file at a time were asked for, epoch ms. @param time epoch ms, of the day */
export function askedAt(day: { readonly asked: readonly number[] }, time: number): number {
  return day.asked[new Date(time).getUTCHours()] ?? 0;
}
