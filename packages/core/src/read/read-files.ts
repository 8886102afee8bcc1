import { DayFileChanged, DayFileCorrupt, DayFileMissing } from "../r2/file-error.ts";
import { readPointsByFooter, readRange } from "../parquet/file-reader.ts";
import { readFooter } from "../parquet/footer.ts";
import { type KeptSeries, readKeptGroups } from "../store/read-kept-groups.ts";
import { type ManifestDay, objectStanding } from "../manifest/manifest.ts";
import type { RangeCost } from "../r2/range-get.ts";
import { planRanges, type RangeRead } from "../parquet/read-plan.ts";
import { dayRange, dayText } from "../domain/day.ts";
import { EMPTY_SERIES, type Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { FileRead, MonthRead } from "./cold-plan.ts";
import { sliceSamples } from "./join-days.ts";
import type { ColdBucket, ColdLevel } from "./cold-level.ts";

/** The samples of one day by point name. A point without samples is absent. */
export type DaySeries = ReadonlyMap<string, Series>;

/** A day's locators are unreadable or contradictory. The file itself may be intact. */
class UnusableLocators extends Error {
  override readonly name = "UnusableLocators";

  constructor(key: string, fault: string) {
    super(`${key}: the manifest does not say where the samples are: ${fault}`);
  }
}

/** Outcome of reading a file: all of its samples, or none and the error. */
export type FileOutcome = { readonly series: DaySeries } | { readonly error: unknown };

/** Whether wrong locators may be the only cause: the object is in place, and its footer can find the points. */
export function mayBeMisplaced(error: unknown): boolean {
  return error instanceof DayFileCorrupt || error instanceof UnusableLocators;
}

/** Whether another attempt may succeed, because bytes can be damaged in transit. */
export function isWorthRepeating(error: unknown): boolean {
  return !(error instanceof DayFileMissing || error instanceof DayFileChanged || error instanceof UnusableLocators);
}

/**
 * Reads the planned parts of each file: kept row groups from D1, all others from R2. A file with a failed R2 request
 * yields no samples.
 * @throws the error of D1, after retries
 */
export async function readFiles(
  { db, bucket }: Pick<ColdLevel, "db" | "bucket">,
  files: readonly FileRead[],
  cost: RangeCost,
): Promise<FileOutcome[]> {
  const reads = files.flatMap(({ kept }) => kept ?? []);
  const all = readKeptGroups(db, reads, cost);
  const months = new Map<MonthRead, Promise<DaySeries>>();
  const read = async (file: FileRead): Promise<FileOutcome> => {
    if (file.month !== null) {
      const { read: month } = file.month;
      let whole = months.get(month);
      if (whole === undefined) months.set(month, (whole = readMonth(bucket, month, cost)));
      return settled(async () => dayOfMonth(file, await whole));
    }
    const kept = file.kept === null ? undefined : (await all).get(file.kept);
    return settled(() => readFile(bucket, file, kept ?? NOTHING_KEPT, cost));
  };
  return Promise.all(files.map(read));
}

const NOTHING_KEPT: KeptSeries = { series: new Map(), missing: [] };

async function readFile(bucket: ColdBucket, read: FileRead, kept: KeptSeries, cost: RangeCost): Promise<DaySeries> {
  const { from, file, fault } = read;
  if (fault !== null) throw new UnusableLocators(file.key, fault);
  const planned = { ...file, day: from.day };
  const found = await readRanges(bucket, planned, [...read.ranges, ...planRanges(kept.missing)], cost);
  return new Map([...kept.series, ...found]);
}

/** The samples of a month's wanted days and the days between, by point name. */
async function readMonth(
  bucket: ColdBucket,
  { row, file, ranges, span }: MonthRead,
  cost: RangeCost,
): Promise<DaySeries> {
  return new Map(
    await readRanges(bucket, { ...file, month: row.month }, ranges, cost, (series) => copyIn(series, span)),
  );
}

/** Copies the samples of a range. A view would keep the buffers of the whole month. */
function copyIn(series: Series, range: TimeRange): Series {
  const { times, values } = sliceSamples(series, range);
  return times.length === series.times.length ? series : { times: times.slice(), values: values.slice() };
}

/**
 * Waits for all requests, so that none runs after the file is given up.
 * @param keep selects what stays of each point's samples after decoding
 */
async function readRanges(
  bucket: ColdBucket,
  file: Parameters<typeof readRange>[1],
  ranges: readonly RangeRead[],
  cost: RangeCost,
  keep = (series: Series): Series => series,
): Promise<[name: string, series: Series][]> {
  const read = async (range: RangeRead) => {
    const points = await readRange(bucket, file, range, cost);
    return [...points].map(([name, series]): [string, Series] => [name, keep(series)]);
  };
  const found = await Promise.allSettled(ranges.map(read));
  const failed = found.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return found.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
}

/**
 * Takes one day from a month file's samples.
 * @throws {DayFileCorrupt} for a point with another number of samples than in the day's file
 */
function dayOfMonth({ from, month }: FileRead, whole: DaySeries): DaySeries {
  const { read, rows } = month!;
  const range = dayRange(from.day);
  const entries = [...rows].map(([name, expected]): [string, Series] => {
    const series = sliceSamples(whole.get(name) ?? EMPTY_SERIES, range);
    if (series.times.length !== expected) {
      const reason = `month file: found ${series.times.length} samples of a point on ${dayText(from.day)}, expected ${expected} as in the day's file`;
      throw new DayFileCorrupt(read.file.key, 0, reason);
    }
    return [name, series];
  });
  return new Map(entries);
}

/**
 * Reads the object in a file's place, if a build has put it there and not yet published it. Reads it by its footer,
 * because the locators belong to the earlier file.
 * @returns null: another object, or none
 */
export async function readPending(
  bucket: ColdBucket,
  row: ManifestDay,
  names: readonly string[],
  cost: RangeCost,
): Promise<FileOutcome | null> {
  if (row.file === null || row.pending.size === 0) return null;
  const { key } = row.file;
  cost.requests++;
  const object = await bucket.head(key);
  if (object === null || objectStanding(row, object) !== "pending") return null;
  return settled(async () => {
    const footer = await readFooter(bucket, { key, etag: object.etag }, cost);
    return readPointsByFooter(bucket, key, footer, names, cost);
  });
}

/**
 * Reads a file's points by its footer instead of the manifest's locators. The footer has its own checksum, so the
 * outcome tells a wrong locator from a damaged file.
 */
export async function readByFooter(
  bucket: ColdBucket,
  { file, names }: FileRead,
  cost: RangeCost,
): Promise<FileOutcome> {
  return settled(async () => readPointsByFooter(bucket, file.key, await readFooter(bucket, file, cost), names, cost));
}

async function settled(read: () => Promise<DaySeries>): Promise<FileOutcome> {
  try {
    return { series: await read() };
  } catch (error) {
    return { error };
  }
}
