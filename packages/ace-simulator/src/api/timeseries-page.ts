import type { Cursor } from "./cursor.ts";
import type { Frame } from "./frames.ts";

/** Rows of one time that a page takes: those of `frame` from index `from` to index `to` (exclusive). */
export interface Slice {
  readonly frame: Frame;
  readonly from: number;
  readonly to: number;
}

export interface Page {
  /** ascending in time, none empty */
  readonly slices: readonly Slice[];
  /** undefined where the window ends with this page */
  readonly next: Cursor | undefined;
}

/**
 * Reads one page.
 *
 * @param frames the window's frames from the cursor's time on, or all of them without a cursor; read no further than
 *   the page needs
 * @param cursorFault whether the next cursor forgets the incoming offset, as the real server's does: its offset is
 *   then only the number of rows that this page took from its last time. A page that starts and ends inside one time
 *   so gets its own cursor back.
 */
export function readPage(
  frames: Iterable<Frame>,
  cursor: Cursor | undefined,
  pageSize: number,
  cursorFault: boolean,
): Page {
  const slices: Slice[] = [];
  let room = pageSize;
  for (const frame of frames) {
    const from = frame.timeUs === cursor?.timeUs ? cursor.offset : 0;
    if (from >= frame.points.length) continue;
    if (room === 0) return { slices, next: nextCursor(slices, cursorFault) };
    const to = Math.min(frame.points.length, from + room);
    slices.push({ frame, from, to });
    room -= to - from;
    if (to < frame.points.length) return { slices, next: nextCursor(slices, cursorFault) };
  }
  return { slices, next: undefined };
}

function nextCursor(slices: readonly Slice[], cursorFault: boolean): Cursor | undefined {
  const last = slices.at(-1);
  return last && { offset: cursorFault ? last.to - last.from : last.to, timeUs: last.frame.timeUs };
}
