import type { Series } from "../domain/samples.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { type Footer, groupReadsByFooter, readFooter } from "./footer.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { extentBytes, type Locator } from "./locator.ts";
import { fetchRange, type RangeBucket, type RangeCost } from "../r2/range-get.ts";
import {
  type GroupRead,
  groupReads,
  JOIN_GAP_BYTES,
  MAX_RANGE_BYTES,
  planRanges,
  type RangeRead,
} from "./read-plan.ts";
import { decodeGroup, type DecodedPoint } from "./row-group-reader.ts";
import type { FooterFile } from "./sealed-footer.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** The file that locators belong to, by the manifest. */
export interface DayFile {
  readonly key: string;
  readonly etag: string;
  /** whole days since 1970-01-01, UTC */
  readonly day: number;
  /** expected size of the object; undefined: not checked */
  readonly bytes?: number | undefined;
}

/** The month file that locators belong to. */
export interface MonthFile {
  readonly key: string;
  readonly etag: string;
  /** whole months since January 1970, UTC */
  readonly month: number;
  /** expected size of the object; undefined: not checked */
  readonly bytes?: number | undefined;
}

/** A Worker has six connections at once. */
const REQUESTS_AT_ONCE = 6;

/**
 * Executes one request of a plan.
 * @returns each point's samples of the day or month, ascending; a point that has none and was not expected is absent
 * @throws {DayFileMissing} {@link DayFileChanged} {@link DayFileCorrupt}; R2's errors
 */
export async function readRange(
  bucket: RangeBucket,
  file: DayFile | MonthFile,
  range: RangeRead,
  cost: RangeCost = { requests: 0, bytes: 0 },
): Promise<Map<string, Series>> {
  const { bytes, offset } = await fetchRange(bucket, file.key, file.etag, { ...range, fileBytes: file.bytes }, cost);
  const found = new Map<string, Series>();
  for (const read of range.groups) {
    const from = read.group.offset - offset;
    const points = decodeGroup(bytes.subarray(from, from + extentBytes(read.group)), read, file);
    for (const { name, series } of points) found.set(name, series);
  }
  return found;
}

/**
 * Reads points of one file by their locators, with one request for a row group or several neighbouring ones. The result
 * holds every wanted point.
 * @throws {RangeError} if locators contradict each other; the errors of {@link readRange}
 */
export async function readPoints(
  bucket: RangeBucket,
  file: DayFile | MonthFile,
  wanted: readonly { readonly name: string; readonly locator: Locator }[],
  cost?: RangeCost,
): Promise<Map<string, Series>> {
  return readRanges(bucket, file, planRanges(groupReads(wanted)), cost);
}

/**
 * Reads points of one file without locators, by its footer. A point without samples is absent.
 * @throws the errors of {@link readRange}
 */
export async function readPointsByFooter(
  bucket: RangeBucket,
  key: string,
  footer: Footer,
  names: readonly string[],
  cost?: RangeCost,
): Promise<Map<string, Series>> {
  return readRanges(bucket, { key, ...footer }, planRanges(groupReadsByFooter(footer, names)), cost);
}

/**
 * Reads a whole file point by point, in UTF-8 order of names, with requests of at most 1 MB.
 * @throws the errors of {@link readRange}; the points yielded before are right, but not all
 */
export async function* scanDayFile(
  bucket: RangeBucket,
  file: FooterFile,
  cost: RangeCost = { requests: 0, bytes: 0 },
): AsyncGenerator<DecodedPoint> {
  yield* scanRowGroups(bucket, file.key, await readFooter(bucket, file, cost), cost);
}

/** A part of a file: names [from, to), null: unbounded; and the most bytes of a request. */
export interface ScannedPart {
  readonly from: string | null;
  readonly to: string | null;
  readonly rangeBytes: number;
}

const WHOLE: ScannedPart = { from: null, to: null, rangeBytes: MAX_RANGE_BYTES };

/** {@link scanDayFile} of a part of a file whose footer is known. Row groups without its names are not fetched. */
export async function* scanRowGroups(
  bucket: RangeBucket,
  key: string,
  footer: Footer,
  cost: RangeCost = { requests: 0, bytes: 0 },
  { from, to, rangeBytes }: ScannedPart = WHOLE,
): AsyncGenerator<DecodedPoint> {
  const isIn = (least: string, most: string) =>
    (from === null || compareUtf8(most, from) >= 0) && (to === null || compareUtf8(least, to) < 0);
  const groups = footer.groups.filter(({ minName, maxName }) => isIn(minName, maxName));
  const reads = groups.map(({ group }): GroupRead => ({ group, points: null }));
  let next = 0;
  for (const range of planRanges(reads, JOIN_GAP_BYTES, rangeBytes)) {
    const { bytes, offset } = await fetchRange(bucket, key, footer.etag, range, cost);
    for (const read of range.groups) {
      const start = read.group.offset - offset;
      const points = decodeGroup(bytes.subarray(start, start + extentBytes(read.group)), read, { key, ...footer });
      const { minName, maxName } = groups[next++]!;
      // Reads by footer rely on these names.
      if (points[0]?.name !== minName || points.at(-1)?.name !== maxName) {
        throw new DayFileCorrupt(key, read.group.offset, "row group: its names differ from the footer's");
      }
      yield* points.filter(({ name }) => isIn(name, name));
    }
    freeBytes(bytes);
  }
}

async function readRanges(
  bucket: RangeBucket,
  file: DayFile | MonthFile,
  ranges: readonly RangeRead[],
  cost?: RangeCost,
): Promise<Map<string, Series>> {
  const found: Map<string, Series>[] = [];
  let next = 0;
  const work = async () => {
    while (next < ranges.length) {
      const i = next++;
      found[i] = await readRange(bucket, file, ranges[i]!, cost);
    }
  };
  await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, ranges.length) }, work));
  return new Map(found.flatMap((points) => [...points]));
}
