import { z } from "zod";
import { sameMicrosecond } from "./time.ts";

/**
 * The JSON inside the upstream's base64 cursors. It means: the rows from `timestamp` on, without the first `offset` of
 * them.
 */
const positionSchema = z.looseObject({ offset: z.int().nonnegative(), timestamp: z.string() });
type Position = z.infer<typeof positionSchema>;

/** null for a cursor of another format or one that cannot be re-encoded; such a cursor is passed on unchanged. */
function readPosition(cursor: string): Position | null {
  try {
    const position = positionSchema.parse(JSON.parse(atob(cursor)));
    writePosition(position);
    return position;
  } catch {
    return null;
  }
}

/** JSON of digits, letters and `:-.` has the same base64 in the standard and the URL-safe alphabet. */
function writePosition(position: Position): string {
  return btoa(JSON.stringify(position));
}

/** The end of a page, against which its next cursor is checked. */
export interface PageEnd {
  /** the text of the last row's time; null for an empty page */
  readonly lastTime: string | null;
  /** rows of the page at that time, including rejected ones */
  readonly rowsAtLastTime: number;
}

/**
 * Corrects the upstream's cursor for the next page.
 *
 * The upstream sets `offset` to the rows that this page took from its last timestamp, and ignores the offset at which
 * the page began. If a page begins and ends within one timestamp, its next cursor leads back to the page's start,
 * without end. With another page size it leads elsewhere within that timestamp. The correct offset is the incoming one
 * plus this page's rows at that time. Times are compared to the microsecond, because `…:36` and `…:36.000000` are
 * equal.
 *
 * @param incoming the cursor with which the page was requested; null for the first page
 * @param next the cursor that came with the page
 */
export function repairCursor(incoming: string | null, next: string, end: PageEnd): string {
  if (incoming === null || end.lastTime === null) return next;
  const from = readPosition(incoming);
  const to = readPosition(next);
  if (from === null || to === null) return next;
  const insideOneTime = sameMicrosecond(from.timestamp, end.lastTime) && sameMicrosecond(to.timestamp, end.lastTime);
  if (!insideOneTime) return next;
  const offset = from.offset + end.rowsAtLastTime;
  return to.offset === offset ? next : writePosition({ ...to, offset });
}

/** Equal for cursors to the same position, however their JSON is written. */
export function cursorIdentity(cursor: string): string {
  const position = readPosition(cursor);
  return position === null ? cursor : writePosition(position);
}
