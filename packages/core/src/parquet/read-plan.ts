import { extentBytes, type Locator, type RowGroupExtent } from "./locator.ts";

/** A wanted point and its rows in the row group. null: unknown, it may have none. */
export interface PointRead {
  readonly name: string;
  readonly expected: { readonly firstRow: number; readonly rows: number } | null;
}

/** A row group to decode. */
export interface GroupRead {
  readonly group: RowGroupExtent;
  /** null: every point of the group */
  readonly points: readonly PointRead[] | null;
}

/** One request: bytes [offset, offset + length) of a file, and the row groups in them, ascending. */
export interface RangeRead {
  readonly offset: number;
  readonly length: number;
  readonly groups: readonly GroupRead[];
}

/** Fetching a gap of this size costs less than another request. It is about one row group. */
export const JOIN_GAP_BYTES = 16 * 1024;

/** Requests are joined up to this size, so that a scan of a whole file has bounded memory. */
export const MAX_RANGE_BYTES = 1024 * 1024;

/**
 * Groups wanted points by row group, ascending in the file.
 * @throws {RangeError} for a point that is wanted twice, and for locators that cannot belong to one file
 */
export function groupReads(wanted: readonly { readonly name: string; readonly locator: Locator }[]): GroupRead[] {
  const groups = new Map<number, { group: RowGroupExtent; lastRow: number; points: PointRead[] }>();
  const seen = new Set<string>();
  for (const { name, locator } of wanted) {
    if (seen.has(name)) throw new RangeError("read plan: a point is wanted twice");
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
 * Plans the requests for row groups of one file.
 * @param groups ascending in the file
 * @throws {RangeError} if groups overlap, so that their locators cannot belong to one file
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

/** Whether two extents with the same offset can belong to one row group. */
function fit(a: RowGroupExtent, b: RowGroupExtent): boolean {
  return (
    a.timeBytes === b.timeBytes &&
    a.nameBytes === b.nameBytes &&
    a.rows === b.rows &&
    (a.valueBytes !== b.valueBytes || a.crc32 === b.crc32)
  );
}
