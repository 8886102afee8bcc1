import { z } from "zod";
import { formatMicroseconds, formatSeconds, parseTime } from "./ace-time.ts";

/** Where a page starts: at the rows of `timeUs` or later, less the first `offset` rows of exactly `timeUs`. */
export interface Cursor {
  readonly offset: number;
  /** epoch microseconds */
  readonly timeUs: number;
  /**
   * How often this position was already handed out with an empty page. It only makes the cursor's text differ, so
   * that a client which refuses a repeated cursor can tell an empty page that goes on from a loop.
   */
  readonly scan?: number;
}

/** The time format of the rows a cursor points into: raw samples have microseconds, buckets whole seconds. */
export type Fraction = "microseconds" | "seconds";

export function formatTime(timeUs: number, fraction: Fraction): string {
  return fraction === "microseconds" ? formatMicroseconds(timeUs) : formatSeconds(timeUs);
}

/** The cursor's text: base64 of JSON, spaced as the server's Python spaces it. */
export function encodeCursor(cursor: Cursor, fraction: Fraction): string {
  const scan = cursor.scan === undefined ? "" : `, "scan": ${cursor.scan}`;
  return btoa(`{"offset": ${cursor.offset}, "timestamp": "${formatTime(cursor.timeUs, fraction)}"${scan}}`);
}

const cursorSchema = z.object({
  offset: z.int().min(0),
  timestamp: z.string().transform((text, context) => {
    const timeUs = parseTime(text);
    if (timeUs === undefined) context.addIssue("is not a time");
    return timeUs ?? z.NEVER;
  }),
  scan: z.int().min(1).optional(),
});

/** @returns undefined if the text is no cursor */
export function decodeCursor(text: string): Cursor | undefined {
  let decoded: unknown;
  try {
    decoded = JSON.parse(atob(text));
  } catch {
    return undefined;
  }
  const parsed = cursorSchema.safeParse(decoded);
  if (!parsed.success) return undefined;
  const { offset, timestamp, scan } = parsed.data;
  return scan === undefined ? { offset, timeUs: timestamp } : { offset, timeUs: timestamp, scan };
}
