import { z } from "zod";
import { sameMicrosecond } from "./time.ts";

/**
 * What the upstream's cursors are inside: base64 of this JSON. It means "the rows from `timestamp` on, less the first
 * `offset` of them".
 */
const positionSchema = z.looseObject({ offset: z.int().nonnegative(), timestamp: z.string() });
type Position = z.infer<typeof positionSchema>;

/** null for a cursor of another make, or one that could not be written again; it is passed on as it came. */
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

/** How a page ended, which is what its next cursor is checked against. */
export interface PageEnd {
  /** the time of the page's last row as it was written; null for an empty page */
  readonly lastTime: string | null;
  /** rows of the page with that time, rejected ones included */
  readonly rowsAtLastTime: number;
}

/**
 * The cursor that really leads to the next page.
 *
 * The upstream sets `offset` to the rows that this page took from its last timestamp and forgets the offset the page
 * began with. A page that begins and ends inside one timestamp is so sent back to where it began, for ever, or, when
 * page sizes differ, to somewhere else in that timestamp. The true offset is the incoming one plus the rows of that
 * time on this page. Times are compared to the microsecond, since `…:36` and `…:36.000000` are the same.
 *
 * @param incoming the cursor the page was asked for with; null for the first page
 * @param next the cursor the page came with
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

/** Equal for cursors that lead to the same place, however their JSON is spaced. */
export function cursorIdentity(cursor: string): string {
  const position = readPosition(cursor);
  return position === null ? cursor : writePosition(position);
}
