import type { PageCursor } from "./cursor.ts";
import type { Frame } from "./frames.ts";

/** The rows of a frame that a page takes: index `from` to `to` (exclusive). */
export interface Slice {
  readonly frame: Frame;
  readonly from: number;
  readonly to: number;
}

export interface Page {
  /** ascending in time, none empty */
  readonly slices: readonly Slice[];
  /** undefined: the window ends with this page */
  readonly next: PageCursor | undefined;
}

/**
 * Reads one page.
 *
 * @param frames the window's frames from the cursor's time on, or all without a cursor; read only as needed
 * @param cursorFault whether the next cursor drops the incoming offset, like the real server's: its offset then counts
 * only the rows that this page took from its last time. A page that starts and ends inside one time then gets its own
 * cursor back.
 */
export function readPage(
  frames: Iterable<Frame>,
  cursor: PageCursor | undefined,
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

function nextCursor(slices: readonly Slice[], cursorFault: boolean): PageCursor | undefined {
  const last = slices.at(-1);
  return last && { offset: cursorFault ? last.to - last.from : last.to, timeUs: last.frame.timeUs };
}
