import { extentBytes, type Locator, type RowGroupExtent } from "./locator.ts";

/** A point wanted of a row group, and the rows it is known to have there; null: not known, perhaps it has none. */
export interface PointRead {
  readonly name: string;
  readonly expected: { readonly firstRow: number; readonly rows: number } | null;
}

/** What to decode of a row group. */
export interface GroupRead {
  readonly group: RowGroupExtent;
  /** null: every point of the group */
  readonly points: readonly PointRead[] | null;
}

/** One request: bytes [offset, offset + length) of a file, and what to decode of them, ascending. */
export interface RangeRead {
  readonly offset: number;
  readonly length: number;
  readonly groups: readonly GroupRead[];
}

/** A gap between wanted bytes that costs less to read than another request: about one row group. */
export const JOIN_GAP_BYTES = 16 * 1024;

/** A request is not joined beyond this, so that a read of a whole file stays in bounded memory. */
export const MAX_RANGE_BYTES = 1024 * 1024;

/**
 * The points' row groups, each once, ascending in the file.
 * @throws {RangeError} for a point that is wanted twice, and locators that contradict each other: not of one file
 */
export function groupReads(wanted: readonly { readonly name: string; readonly locator: Locator }[]): GroupRead[] {
  const groups = new Map<number, { group: RowGroupExtent; lastRow: number; points: PointRead[] }>();
  const seen = new Set<string>();
  for (const { name, locator } of wanted) {
    if (seen.has(name)) throw new RangeError("a point is wanted twice");
    seen.add(name);
    const { group, firstRow, rows } = locator;
    let read = groups.get(group.offset);
    if (read === undefined) groups.set(group.offset, (read = { group, lastRow: firstRow, points: [] }));
    const isLater = firstRow > read.lastRow;
    if (!fit(read.group, group) || (read.points.length > 0 && isLater !== group.valueBytes > read.group.valueBytes)) {
      throw new RangeError(`locators contradict each other at byte ${group.offset}`);
    }
    if (isLater) [read.group, read.lastRow] = [group, firstRow];
    read.points.push({ name, expected: { firstRow, rows } });
  }
  return [...groups.values()]
    .map(({ group, points }) => ({ group, points }))
    .sort((a, b) => a.group.offset - b.group.offset);
}

/**
 * Requests for row groups of one file.
 * @param groups ascending in the file
 * @throws {RangeError} where groups overlap: their locators are not of one file
 */
export function planRanges(
  groups: readonly GroupRead[],
  joinGapBytes = JOIN_GAP_BYTES,
  maxRangeBytes = MAX_RANGE_BYTES,
): RangeRead[] {
  const ranges: { offset: number; length: number; groups: GroupRead[] }[] = [];
  for (const read of groups) {
    const { offset } = read.group;
    const end = offset + extentBytes(read.group);
    const last = ranges.at(-1);
    const gap = last === undefined ? Number.POSITIVE_INFINITY : offset - (last.offset + last.length);
    if (gap < 0) throw new RangeError(`row groups overlap at byte ${offset}`);
    if (last !== undefined && gap <= joinGapBytes && end - last.offset <= maxRangeBytes) {
      last.length = end - last.offset;
      last.groups.push(read);
    } else {
      ranges.push({ offset, length: end - offset, groups: [read] });
    }
  }
  return ranges;
}

/** Whether two extents of one offset may be of one row group. */
function fit(a: RowGroupExtent, b: RowGroupExtent): boolean {
  return (
    a.timeBytes === b.timeBytes &&
    a.nameBytes === b.nameBytes &&
    a.rows === b.rows &&
    (a.valueBytes !== b.valueBytes || a.crc32 === b.crc32)
  );
}
