import { z } from "zod";
import { formatMicroseconds, formatSeconds, parseMicroseconds } from "./ace-time.ts";

/** The start of a page: the rows of `timeUs` or later, without the first `offset` rows of exactly `timeUs`. */
export interface PageCursor {
  readonly offset: number;
  /** epoch microseconds */
  readonly timeUs: number;
  /**
   * How often an empty page was served at this position. It only changes the cursor's text, so that a client that
   * refuses a repeated cursor can tell a continuing empty page from a loop.
   */
  readonly scan?: number;
}

/** The time format of a cursor's rows: microseconds for raw samples, whole seconds for buckets. */
export type Fraction = "microseconds" | "seconds";

export function formatRowTime(timeUs: number, fraction: Fraction): string {
  return fraction === "microseconds" ? formatMicroseconds(timeUs) : formatSeconds(timeUs);
}

/** The cursor's text: base64 of JSON, with the spaces of the server's Python. */
export function encodeCursor(cursor: PageCursor, fraction: Fraction): string {
  const scan = cursor.scan === undefined ? "" : `, "scan": ${cursor.scan}`;
  return btoa(`{"offset": ${cursor.offset}, "timestamp": "${formatRowTime(cursor.timeUs, fraction)}"${scan}}`);
}

const cursorSchema = z.object({
  offset: z.int().min(0),
  timestamp: z.string().transform((text, context) => {
    const timeUs = parseMicroseconds(text);
    if (timeUs === undefined) context.addIssue("is not a time");
    return timeUs ?? z.NEVER;
  }),
  scan: z.int().min(1).optional(),
});

/** @returns undefined if the text is not a cursor */
export function decodeCursor(text: string): PageCursor | undefined {
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
