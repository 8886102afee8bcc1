import { z } from "zod";

const askedSchema = z.array(z.int()).length(24);

const NEVER_ASKED: readonly number[] = Array.from({ length: 24 }, () => 0);

/** The text of `ManifestDay.asked`, in the manifest and in a file's metadata. @returns zeros for any other text */
export function parseAsked(text: string | null | undefined): readonly number[] {
  if (text == null) return NEVER_ASKED;
  try {
    return askedSchema.safeParse(JSON.parse(text)).data ?? NEVER_ASKED;
  } catch {
    return NEVER_ASKED;
  }
}

/** When the samples of a day's file at a time were asked for, epoch ms. @param time epoch ms, of the day */
export function askedAt(day: { readonly asked: readonly number[] }, time: number): number {
  return day.asked[new Date(time).getUTCHours()] ?? 0;
}
