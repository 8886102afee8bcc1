import { extentBytes, type Locator } from "../parquet/locator.ts";
import type { ManifestDay, ManifestFile } from "../manifest/manifest.ts";
import type { MonthRow, StoredMonthFile } from "../manifest/month-files.ts";
import type { KeptRead } from "../store/read-kept-groups.ts";
import { groupReads, JOIN_GAP_BYTES, planRanges, type RangeRead } from "../parquet/read-plan.ts";
import { dayRange } from "../domain/day.ts";
import { monthDays } from "../domain/month.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { HOUR_ROWS_PER_BLOCK, SAMPLES_PER_BLOCK } from "./limits.ts";
import type { PointDay } from "./stored.ts";

export interface NamedPoint {
  readonly id: number;
  readonly name: string;
}

/** What to read from a month file, for points that are read together. */
export interface MonthRead {
  readonly row: MonthRow;
  readonly file: StoredMonthFile;
  /** one request to R2 each */
  readonly ranges: readonly RangeRead[];
  /** from the first of the wanted days to the last */
  readonly span: TimeRange;
}

/** A day that is read from a month file. */
interface DayOfMonth {
  /** the same object for all days of the month */
  readonly read: MonthRead;
  /** number of samples of each point in the day's file, by name */
  readonly rows: ReadonlyMap<string, number>;
}

/** What to read for one day. */
export interface FileRead {
  /** the manifest row of the plan */
  readonly from: ManifestDay;
  readonly file: ManifestFile;
  /** the points that the manifest places in the file */
  readonly names: readonly string[];
  /** the month file to read instead of the day's file; null: none */
  readonly month: DayOfMonth | null;
  /** what to read from D1; null: D1 does not keep the file, a month file is read, or there is a fault */
  readonly kept: KeptRead | null;
  /** one request to R2 each; empty: D1 keeps the file, a month file is read, or there is a fault */
  readonly ranges: readonly RangeRead[];
  /** why the manifest's locators are not usable; null: they are */
  readonly fault: string | null;
}

/** A point in a day's file. */
interface WantedPoint {
  readonly name: string;
  readonly pointDay: PointDay;
}

/** Points that are read together. */
export interface ColdBlock<P extends NamedPoint> {
  /** ascending by name, as in the files, so that neighbours share row groups */
  readonly points: readonly P[];
  readonly files: readonly FileRead[];
}

/** Cost of a read. */
export interface ColdWork {
  /** to R2 */
  readonly requests: number;
  readonly bytes: number;
  /** rows of the row groups to decode */
  readonly rows: number;
}

export const NO_WORK: ColdWork = { requests: 0, bytes: 0, rows: 0 };

/** The readable file of a day; null: it has none, or a suspect one. */
export function readableFile(day: ManifestDay): ManifestFile | null {
  return day.state === "suspect" ? null : day.file;
}

/**
 * Plans the read of points over some days, ascending.
 * @param months whose files may replace the days' files
 */
export function planFiles(
  days: readonly ManifestDay[],
  pointDays: readonly PointDay[],
  points: readonly NamedPoint[],
  months: readonly MonthRow[] = [],
): FileRead[] {
  const names = new Map(points.map(({ id, name }) => [id, name]));
  const wanted = new Map<number, WantedPoint[]>();
  for (const pointDay of pointDays) {
    const name = names.get(pointDay.pointId);
    if (name === undefined) continue;
    const ofDay = wanted.get(pointDay.day);
    // Parses locators only when needed.
    const wantedPoint = { name, pointDay };
    if (ofDay === undefined) wanted.set(pointDay.day, [wantedPoint]);
    else ofDay.push(wantedPoint);
  }
  const inMonths = new Map(months.flatMap((row) => [...planMonth(row, days, wanted)]));
  return days.flatMap((from): FileRead[] => {
    const file = readableFile(from);
    const ofDay = wanted.get(from.day);
    if (file === null || ofDay === undefined) return [];
    const about = { from, file, names: ofDay.map(({ name }) => name) };
    const month = inMonths.get(from.day);
    if (month !== undefined) return [{ ...about, month, kept: null, ranges: [], fault: null }];
    return [{ ...about, month: null, ...planFile(from, file, ofDay) }];
  });
}

/**
 * Days of a month that make its month file cheaper than the day files. With fewer days, most of the fetched bytes would
 * belong to other days.
 */
export const LEAST_DAYS_OF_MONTH = 4;

/** In a month file: about a row group, which costs less to read than another request. */
const MONTH_JOIN_GAP_BYTES = 256 * 1024;

/** Requests of a month file are not joined beyond this length, because six can run at once. */
const MAX_MONTH_RANGE_BYTES = 2 * 1024 * 1024;

/** The days to read from a month file; none if too few of its days are wanted. */
function planMonth(
  row: MonthRow,
  days: readonly ManifestDay[],
  wanted: ReadonlyMap<number, readonly WantedPoint[]>,
): ReadonlyMap<number, DayOfMonth> {
  const { file, month } = row;
  if (file === null) return new Map();
  const { first, end } = monthDays(month);
  const isCopied = ({ day, generation, state }: ManifestDay) =>
    day >= first && day < end && state === "written" && row.days[day - first] === generation;
  const placed = new Map<string, Locator>();
  const found: { readonly day: number; readonly rows: Map<string, number> }[] = [];
  let kept = 0;
  for (const from of days) {
    const ofDay = isCopied(from) ? wanted.get(from.day) : undefined;
    const rows = ofDay === undefined ? null : rowsInMonth(row, ofDay, placed);
    if (rows === null) continue;
    found.push({ day: from.day, rows });
    if (from.keptId !== null) kept++;
  }
  if (found.length - kept < LEAST_DAYS_OF_MONTH) return new Map();
  try {
    const groups = groupReads([...placed].map(([name, locator]) => ({ name, locator })));
    const ranges = planRanges(groups, MONTH_JOIN_GAP_BYTES, MAX_MONTH_RANGE_BYTES);
    const span = { start: dayRange(found[0]!.day).start, end: dayRange(found.at(-1)!.day).end };
    const read = { row, file, ranges, span };
    return new Map(found.map(({ day, rows }) => [day, { read, rows }]));
  } catch (error) {
    // locators that make no sense
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}

/** @param placed receives the points' places in the month file @returns null: the file lacks some of them */
function rowsInMonth(
  { month, generation }: MonthRow,
  ofDay: readonly WantedPoint[],
  placed: Map<string, Locator>,
): Map<string, number> | null {
  const rows = new Map<string, number>();
  for (const { name, pointDay } of ofDay) {
    const { locator, month: place } = pointDay;
    if (locator === null || place?.month !== month || place.generation !== generation) return null;
    rows.set(name, locator.rows);
  }
  for (const { name, pointDay } of ofDay) placed.set(name, pointDay.month!.locator);
  return rows;
}

/** Contradictory locators are a fault of the manifest. The reader then finds the points by the file's footer. */
function planFile(
  { day, keptId }: ManifestDay,
  { key }: ManifestFile,
  wanted: readonly WantedPoint[],
): Pick<FileRead, "kept" | "ranges" | "fault"> {
  const legible: { name: string; locator: Locator }[] = [];
  for (const { name, pointDay } of wanted) {
    const { locator } = pointDay;
    if (locator === null) return { kept: null, ranges: [], fault: "the locator of a point is not legible" };
    legible.push({ name, locator });
  }
  try {
    const groups = groupReads(legible);
    const ranges = planRanges(groups);
    if (keptId === null) return { kept: null, ranges, fault: null };
    return { kept: { keptId, key, day, groups }, ranges: [], fault: null };
  } catch (error) {
    if (error instanceof RangeError) return { kept: null, ranges: [], fault: error.message };
    throw error;
  }
}

/**
 * Groups points into blocks and plans each block. Only one block's samples are in memory before aggregation. A row
 * group with points of two blocks is read twice.
 * @param hours to read of each point in the hot level @param months whose files may replace the days' files
 */
export function planBlocks<P extends NamedPoint>(
  days: readonly ManifestDay[],
  pointDays: readonly PointDay[],
  points: readonly P[],
  hours: number,
  months: readonly MonthRow[] = [],
): ColdBlock<P>[] {
  const mostPoints = Math.max(1, Math.floor(HOUR_ROWS_PER_BLOCK / Math.max(1, hours)));
  const byPoint = Map.groupBy(pointDays, ({ pointId }) => pointId);
  const blocks: { points: P[]; pointDays: PointDay[]; samples: number }[] = [];
  for (const point of points.toSorted((a, b) => compareUtf8(a.name, b.name))) {
    const daysOfPoint = byPoint.get(point.id) ?? [];
    const samples = daysOfPoint.reduce((sum, { locator }) => sum + (locator?.rows ?? 0), 0);
    const last = blocks.at(-1);
    if (last === undefined || last.points.length === mostPoints || last.samples + samples > SAMPLES_PER_BLOCK) {
      blocks.push({ points: [point], pointDays: daysOfPoint, samples });
      continue;
    }
    last.points.push(point);
    last.pointDays.push(...daysOfPoint);
    last.samples += samples;
  }
  return blocks.map((block) => ({
    points: block.points,
    files: planFiles(days, block.pointDays, block.points, months),
  }));
}

export function addWork(a: ColdWork, b: ColdWork): ColdWork {
  return { requests: a.requests + b.requests, bytes: a.bytes + b.bytes, rows: a.rows + b.rows };
}

/** The total cost of planned blocks. */
export function workOf(blocks: readonly ColdBlock<NamedPoint>[]): ColdWork {
  const all = blocks.flatMap(({ files }) => files);
  const kept = all.flatMap((file) => file.kept?.groups ?? []);
  const months = new Set(all.flatMap(({ month }) => month?.read ?? []));
  const ranges = [...all, ...months].flatMap((file) => file.ranges);
  const keptBytes = kept.reduce((sum, { group }) => sum + extentBytes(group), 0);
  const groups = [...kept, ...ranges.flatMap((range) => range.groups)];
  return {
    requests: ranges.length,
    bytes: ranges.reduce((sum, { length }) => sum + length, keptBytes),
    rows: groups.reduce((sum, { group }) => sum + group.rows, 0),
  };
}

/**
 * Upper bound of the cost of a point's day, with any points beside it: joining it to a neighbour may read a gap.
 * @param isKept whether D1 keeps the day's file
 */
export function mostWork(locator: PointDay["locator"], isKept: boolean): ColdWork {
  if (locator === null) return NO_WORK;
  const { group } = locator;
  if (isKept) return { requests: 0, bytes: extentBytes(group), rows: group.rows };
  return { requests: 1, bytes: extentBytes(group) + JOIN_GAP_BYTES, rows: group.rows };
}
