import { extentBytes, type Locator } from "../block-days/locator.ts";
import type { ManifestDay, ManifestFile } from "../cold/manifest.ts";
import type { KeptRead } from "../cold/read-kept-groups.ts";
import { groupReads, JOIN_GAP_BYTES, planRanges, type RangeRead } from "../cold/read-plan.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { HOUR_ROWS_A_BLOCK, SAMPLES_A_BLOCK } from "./limits.ts";
import type { PointDay } from "./stored.ts";

export interface NamedPoint {
  readonly id: number;
  readonly name: string;
}

/** What to read of one day file. */
export interface FileRead {
  /** the manifest's row that this was planned from */
  readonly from: ManifestDay;
  readonly file: ManifestFile;
  /** the points that the manifest places in the file */
  readonly names: readonly string[];
  /** what to read of D1; null: D1 does not keep the file, or there is a fault */
  readonly kept: KeptRead | null;
  /** a request to R2 each; none where D1 keeps the file, or there is a fault */
  readonly ranges: readonly RangeRead[];
  /** why the samples cannot be found in the file, by what the manifest says of where they are; null: they can */
  readonly fault: string | null;
}

/** A point of a day's file. */
interface WantedPoint {
  readonly name: string;
  readonly locator: PointDay["locator"];
}

/** Points that are read together. */
export interface ColdBlock<P extends NamedPoint> {
  /** ascending by name, as in the files, so that neighbours share row groups */
  readonly points: readonly P[];
  readonly files: readonly FileRead[];
}

/** What reading costs. */
export interface ColdWork {
  /** to R2 */
  readonly requests: number;
  readonly bytes: number;
  /** rows of the row groups that are decoded */
  readonly rows: number;
}

export const NO_WORK: ColdWork = { requests: 0, bytes: 0, rows: 0 };

/** The file of a day that may be read; null: it has none, or one that is not what was written. */
export function readableFile(day: ManifestDay): ManifestFile | null {
  return day.state === "suspect" ? null : day.file;
}

/** What to read for points of some days, a file each, ascending. */
export function planFiles(
  days: readonly ManifestDay[],
  pointDays: readonly PointDay[],
  points: readonly NamedPoint[],
): FileRead[] {
  const names = new Map(points.map(({ id, name }) => [id, name]));
  const wanted = new Map<number, WantedPoint[]>();
  for (const { pointId, day, locator } of pointDays) {
    const name = names.get(pointId);
    if (name === undefined) continue;
    const ofDay = wanted.get(day);
    if (ofDay === undefined) wanted.set(day, [{ name, locator }]);
    else ofDay.push({ name, locator });
  }
  return days.flatMap((from) => {
    const file = readableFile(from);
    const ofDay = wanted.get(from.day);
    if (file === null || ofDay === undefined) return [];
    return [{ from, file, names: ofDay.map(({ name }) => name), ...planFile(from, file, ofDay) }];
  });
}

/** Locators that make no sense are a fault of the manifest. The reader then finds the points by the file's footer. */
function planFile(
  { day, keptId }: ManifestDay,
  { key }: ManifestFile,
  wanted: readonly WantedPoint[],
): Pick<FileRead, "kept" | "ranges" | "fault"> {
  const legible: { name: string; locator: Locator }[] = [];
  for (const { name, locator } of wanted) {
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
 * Groups points into blocks and plans each. Only a block's samples are in memory before they are aggregated. A row group whose points are
 * in two blocks is read for each.
 * @param hours that each point is read of in the hot level
 */
export function planBlocks<P extends NamedPoint>(
  days: readonly ManifestDay[],
  pointDays: readonly PointDay[],
  points: readonly P[],
  hours: number,
): ColdBlock<P>[] {
  const mostPoints = Math.max(1, Math.floor(HOUR_ROWS_A_BLOCK / Math.max(1, hours)));
  const byPoint = Map.groupBy(pointDays, ({ pointId }) => pointId);
  const blocks: { points: P[]; pointDays: PointDay[]; samples: number }[] = [];
  for (const point of points.toSorted((a, b) => compareUtf8(a.name, b.name))) {
    const own = byPoint.get(point.id) ?? [];
    const samples = own.reduce((sum, { locator }) => sum + (locator?.rows ?? 0), 0);
    const last = blocks.at(-1);
    if (last === undefined || last.points.length === mostPoints || last.samples + samples > SAMPLES_A_BLOCK) {
      blocks.push({ points: [point], pointDays: own, samples });
      continue;
    }
    last.points.push(point);
    last.pointDays.push(...own);
    last.samples += samples;
  }
  return blocks.map((block) => ({ points: block.points, files: planFiles(days, block.pointDays, block.points) }));
}

export function addWork(a: ColdWork, b: ColdWork): ColdWork {
  return { requests: a.requests + b.requests, bytes: a.bytes + b.bytes, rows: a.rows + b.rows };
}

/** What blocks cost as they were planned. */
export function workOf(blocks: readonly ColdBlock<NamedPoint>[]): ColdWork {
  const all = blocks.flatMap(({ files }) => files);
  const kept = all.flatMap((file) => file.kept?.groups ?? []);
  const ranges = all.flatMap((file) => file.ranges);
  const keptBytes = kept.reduce((sum, { group }) => sum + extentBytes(group), 0);
  const groups = [...kept, ...ranges.flatMap((range) => range.groups)];
  return {
    requests: ranges.length,
    bytes: ranges.reduce((sum, { length }) => sum + length, keptBytes),
    rows: groups.reduce((sum, { group }) => sum + group.rows, 0),
  };
}

/**
 * The most that a point's day adds, whichever points are read with it: joining it to a neighbour may read a gap.
 * @param isKept whether D1 keeps the day's file
 */
export function mostWork(locator: PointDay["locator"], isKept: boolean): ColdWork {
  if (locator === null) return NO_WORK;
  const { group } = locator;
  if (isKept) return { requests: 0, bytes: extentBytes(group), rows: group.rows };
  return { requests: 1, bytes: extentBytes(group) + JOIN_GAP_BYTES, rows: group.rows };
}
