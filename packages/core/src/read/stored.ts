import type { Locator } from "../parquet/locator.ts";
import { PackedMonths } from "../rollups/packed-months.ts";
import type { LocatedMonth } from "../rollups/point-month.ts";
import { BlockSlice, DAMAGED_SLICE, type StoredSlice } from "../rollups/stored-slice.ts";
import { MANIFEST_COLUMNS, type ManifestDay, manifestStatement, parseManifestDays } from "../manifest/manifest.ts";
import { type MonthRow, monthFilesStatement, parseMonthFiles } from "../manifest/month-files.ts";
import { dayOf, DAYS } from "../domain/day.ts";
import { monthOf } from "../domain/month.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import { hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { type Beside, type ReadCost, type ReadSeries, readSeriesBeside } from "../store/read-segments.ts";
import type { StoredSeries } from "../store/stored-series.ts";
import { MAX_POINT_DAYS, ROLLUPS_AT_ONCE } from "./limits.ts";
import {
  type BlockDay,
  CHECK_SLICES,
  CHECK_SOME_SLICES,
  DAYS_PER_ROW,
  parseSlices,
  type PointMonthRow,
  READ_SLICES,
  READ_SOME_SLICES,
} from "./read-slices.ts";

/** Where a point's samples of a month are in the month file. */
export interface MonthPlace extends LocatedMonth {
  /** whole months since January 1970 */
  readonly month: number;
}

/** Where a point's samples of a day are in the day's file. */
export interface PointDay {
  readonly pointId: number;
  readonly day: number;
  /** null: the stored one is damaged */
  readonly locator: Locator | null;
  /** null: they are in no month file, or it is not known */
  readonly month: MonthPlace | null;
}

/** A point's hourly aggregates of a day; those of withoutRollups hours say nothing. */
export interface PointRollup {
  readonly pointId: number;
  readonly day: number;
  readonly slice: StoredSlice;
  /** whether they are those of the day's file */
  readonly isCold: boolean;
}

/** The samples of points that are in segments. */
export interface HotSamples extends Pick<ReadSeries, "damaged"> {
  readonly series: ReadonlyMap<number, StoredSeries>;
  readonly cost: ReadCost;
}

/** What both levels hold of a range, all of one moment. */
export interface Stored {
  /** starts of the UTC hours in which the hot level has samples of any of the site's points, ascending, epoch ms */
  readonly hours: readonly number[];
  /** those of them whose aggregates in `block_days` do not know all samples, ascending */
  readonly withoutRollups: readonly number[];
  /** those that were ever built, ascending */
  readonly days: readonly ManifestDay[];
  /** months with a row of `month_files`, ascending */
  readonly months: readonly MonthRow[];
  /** in no order; null: they are more than {@link MAX_POINT_DAYS} and were not read */
  readonly pointDays: readonly PointDay[] | null;
  /** whether `pointDays` lacks the days that were not asked for */
  readonly isCut: boolean;
  /** in no order; null: they were not asked for, or are more than {@link ROLLUPS_AT_ONCE} */
  readonly rollups: readonly PointRollup[] | null;
  /** of all `hours`; null: they were not asked for */
  readonly hotSamples: HotSamples | null;
}

/**
 * Reads what is stored of a range in one transaction: were it read in two, a day that is settled between them would be
 * in neither, and aggregates would be taken for what they are not any more.
 * @param wanted what is wanted beside the locators: the aggregates, if they are few, or the samples in segments, of 100 points at most
 * @param located the only days whose locators are wanted where the aggregates are many, besides those of withoutRollups hours; null: all
 * @throws {Error} for rows that are not what we write, but for locators; the error of D1, after retries
 */
export async function readStored(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  range: TimeRange,
  wanted: "locators" | "rollups" | "samples",
  located: readonly number[] | null = null,
): Promise<Stored> {
  const first = Math.max(0, dayOf(range.start));
  const end = Math.min(DAYS, dayOf(range.end - 1) + 1);
  const ids = JSON.stringify(pointIds);
  const most = wanted === "rollups" ? ROLLUPS_AT_ONCE : 0;
  const rows = Math.ceil(Math.max(0, end - first) / DAYS_PER_ROW);
  const starts = JSON.stringify(Array.from({ length: rows }, (_, i) => first + i * DAYS_PER_ROW));
  const months = first < end ? { from: monthOf(first), to: monthOf(end - 1) + 1 } : { from: 0, to: 0 };
  const some = located === null ? null : JSON.stringify(located);
  const statements: Beside = (isChecked) => {
    const query = isChecked ? CHECK_SLICES : READ_SLICES;
    // Where the range lies beyond all keys, no key is between these.
    const values = [
      siteId,
      first,
      Math.max(first, end),
      ids,
      MAX_POINT_DAYS,
      most,
      starts,
      some,
      months.from,
      months.to,
    ];
    return [
      hotHoursStatement(db, siteId, range),
      manifestStatement(db, siteId, first, end),
      monthFilesStatement(db, siteId, months.from, months.to),
      db.prepare(query).bind(...values),
    ];
  };
  const hotSamples = wanted === "samples" ? await readHot(db, siteId, pointIds, range, statements) : null;
  const [hourRows, days, monthFiles, slices] =
    hotSamples?.beside ?? (await readChecked((isChecked) => withD1Retry(() => db.batch([...statements(isChecked)]))));
  const hotHours = parseHotHours(hourRows?.results);
  const parsedDays = parseManifestDays(days?.results);
  const parsedMonths = parseMonthFiles(monthFiles?.results);
  const hours = hotHours.map(({ hour }) => hour);
  const withoutRollups = hotHours.filter(({ isRolledUp }) => !isRolledUp).map(({ hour }) => hour);
  const files = parsedDays.filter(({ file }) => file !== null);
  const allDays = new Set([...files.map(({ day }) => day), ...hours.map(dayOf)]);
  const isWhole = wanted === "rollups" && allDays.size * pointIds.length <= ROLLUPS_AT_ONCE;
  const isCut = located !== null && !isWhole;
  const found = parseSlices(slices?.results);
  const packed = new PackedMonths(found.packed);
  const wantedDays = isCut ? new Set([...located, ...withoutRollups.map(dayOf)]) : null;
  const pointDays = [
    ...overlaid(found.blockDays, packed, files),
    ...packedDays(found.packed, packed, files, wantedDays, isWhole),
  ];
  return {
    hours,
    withoutRollups,
    days: parsedDays,
    months: parsedMonths,
    pointDays: files.length * pointIds.length > MAX_POINT_DAYS ? null : pointDays.filter(({ isCold }) => isCold),
    isCut,
    rollups: isWhole ? pointDays.filter((one) => one.isWhole) : null,
    hotSamples,
  };
}

async function readHot(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  range: TimeRange,
  beside: Beside,
): Promise<HotSamples & ReadSeries> {
  const cost = { statements: 0, rowsRead: 0 };
  const hours = hoursOf(range);
  const wanted = { siteId, hours: new Map(pointIds.map((id) => [id, hours])), range };
  return { ...(await readSeriesBeside(db, wanted, beside, cost)), cost };
}

/** What is stored of a point's day. It reads its locator when it is asked for: charts of hours and days need few of them, or none. */
class StoredPointDay implements PointDay, PointRollup {
  readonly pointId: number;
  readonly day: number;
  readonly slice: StoredSlice;
  readonly isCold: boolean;
  /** whether the aggregates were read, and not the locator alone */
  readonly isWhole: boolean;
  readonly #packed: PackedMonths;

  constructor(
    { pointId, day, isCold, isWhole }: Pick<StoredPointDay, "pointId" | "day" | "isCold" | "isWhole">,
    slice: StoredSlice,
    packed: PackedMonths,
  ) {
    this.pointId = pointId;
    this.day = day;
    this.slice = slice;
    this.isCold = isCold;
    this.isWhole = isWhole;
    this.#packed = packed;
  }

  get locator(): Locator | null {
    return this.slice.locator;
  }

  get month(): MonthPlace | null {
    const month = monthOf(this.day);
    const place = this.isCold ? this.#packed.place(this.pointId, month) : null;
    return place && { month, ...place };
  }
}

/** The days that `block_days` was read of, each with its slice: that of `block_days`, or else the packed one. */
function overlaid(
  blockDays: readonly BlockDay[],
  packed: PackedMonths,
  files: readonly ManifestDay[],
): StoredPointDay[] {
  const generations = new Map(files.map(({ day, generation }) => [day, generation]));
  return blockDays.map(({ pointId, day, isWhole, of, hex }) => {
    // `places` has the point, so a packed slice of none is a damage
    const slice =
      of === "packed" ? (packed.find(pointId, day, generations.get(day) ?? 0) ?? DAMAGED_SLICE) : new BlockSlice(hex);
    return new StoredPointDay({ pointId, day, isCold: of !== "open", isWhole }, slice, packed);
  });
}

/**
 * The points' days of the months that `block_days` was not read of. A point without a row there has no samples in that month.
 * @param wanted null: all days
 */
function packedDays(
  rows: readonly PointMonthRow[],
  packed: PackedMonths,
  files: readonly ManifestDay[],
  wanted: ReadonlySet<number> | null,
  isWhole: boolean,
): StoredPointDay[] {
  const byMonth = Map.groupBy(
    files.filter(({ day }) => wanted === null || wanted.has(day)),
    ({ day }) => monthOf(day),
  );
  return rows
    .filter(({ isSkipped }) => isSkipped)
    .flatMap(({ pointId, month }) =>
      (byMonth.get(month) ?? []).flatMap(({ day, generation }) => {
        const slice = packed.find(pointId, day, generation);
        return slice === null ? [] : [new StoredPointDay({ pointId, day, isCold: true, isWhole }, slice, packed)];
      }),
    );
}

/** ?1: site, ?2: JSON array of days. */
const READ_SOME_DAYS = `
SELECT ${MANIFEST_COLUMNS} FROM day_files WHERE site_id = ?1 AND day IN (SELECT value FROM json_each(?2)) ORDER BY day`;

/** What the cold level holds of some points' days, and these days' rows of the manifest, all of one moment. */
export async function readStoredDays(
  db: D1Database,
  siteId: number,
  wanted: readonly { readonly pointId: number; readonly day: number }[],
): Promise<{ readonly days: ManifestDay[]; readonly pointDays: PointDay[] }> {
  const days = JSON.stringify([...new Set(wanted.map(({ day }) => day))]);
  const keys = JSON.stringify(wanted.map(({ pointId, day }) => [pointId, day]));
  const [dayRows, slices] = await readChecked((isChecked) => {
    const query = isChecked ? CHECK_SOME_SLICES : READ_SOME_SLICES;
    const statements = [db.prepare(READ_SOME_DAYS).bind(siteId, days), db.prepare(query).bind(keys)];
    return withD1Retry(() => db.batch(statements));
  });
  const parsedDays = parseManifestDays(dayRows?.results);
  const { blockDays, packed } = parseSlices(slices?.results);
  return { days: parsedDays, pointDays: overlaid(blockDays, new PackedMonths(packed), parsedDays) };
}
