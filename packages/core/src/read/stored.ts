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

/** The place of a point's samples of a month in the month file. */
export interface MonthPlace extends LocatedMonth {
  /** whole months since January 1970 */
  readonly month: number;
}

/** The place of a point's samples of a day in the day's file. */
export interface PointDay {
  readonly pointId: number;
  readonly day: number;
  /** null: the stored locator is damaged */
  readonly locator: Locator | null;
  /** null: in no month file, or unknown */
  readonly month: MonthPlace | null;
}

/** A point's hourly aggregates of a day. Values of hours without rollups are not valid. */
export interface PointRollup {
  readonly pointId: number;
  readonly day: number;
  readonly slice: StoredSlice;
  /** whether they belong to the day's file */
  readonly isCold: boolean;
}

/** Samples of points in segments. */
export interface HotSamples extends Pick<ReadSeries, "damaged"> {
  readonly series: ReadonlyMap<number, StoredSeries>;
  readonly cost: ReadCost;
}

/** The contents of both levels for a range, from one snapshot. */
export interface Stored {
  /** starts of the UTC hours with hot samples of any point of the site, ascending, epoch ms */
  readonly hours: readonly number[];
  /** those of `hours` whose aggregates in `block_days` are incomplete, ascending */
  readonly withoutRollups: readonly number[];
  /** days with a manifest row, ascending */
  readonly days: readonly ManifestDay[];
  /** months with a row of `month_files`, ascending */
  readonly months: readonly MonthRow[];
  /** in no order; null: not read, because there are more than {@link MAX_POINT_DAYS} */
  readonly pointDays: readonly PointDay[] | null;
  /** whether `pointDays` lacks days that were not requested */
  readonly isCut: boolean;
  /** in no order; null: not requested, or more than {@link ROLLUPS_AT_ONCE} */
  readonly rollups: readonly PointRollup[] | null;
  /** of all `hours`; null: not requested */
  readonly hotSamples: HotSamples | null;
}

/**
 * Reads the stored state of a range in one transaction. With two, a day that is settled between them would be in
 * neither, and outdated aggregates would be used.
 * @param wanted beside the locators: the aggregates, if they are few, or the samples in segments, of at most 100 points
 * @param located if there are many aggregates, the only days with locators, besides those with hours without rollups;
 * null: all
 * @throws {Error} for malformed rows other than locators; the error of D1, after retries
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
    // For a range beyond all keys, no key is between these.
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
    rollups: isWhole ? pointDays.filter((pointDay) => pointDay.isWhole) : null,
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

/** A point's stored day. Parses its locator on demand, because charts of hours and days need few of them, or none. */
class StoredPointDay implements PointDay, PointRollup {
  readonly pointId: number;
  readonly day: number;
  readonly slice: StoredSlice;
  readonly isCold: boolean;
  /** whether the aggregates were read, or the locator alone */
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

/** The days that were read from `block_days`, each with its slice: from `block_days`, or else the packed one. */
function overlaid(
  blockDays: readonly BlockDay[],
  packed: PackedMonths,
  files: readonly ManifestDay[],
): StoredPointDay[] {
  const generations = new Map(files.map(({ day, generation }) => [day, generation]));
  return blockDays.map(({ pointId, day, isWhole, origin, hex }) => {
    // `places` has the point, so a missing packed slice is damage.
    const slice =
      origin === "packed"
        ? (packed.find(pointId, day, generations.get(day) ?? 0) ?? DAMAGED_SLICE)
        : new BlockSlice(hex);
    return new StoredPointDay({ pointId, day, isCold: origin !== "open", isWhole }, slice, packed);
  });
}

/**
 * The points' days of packed months. A point without a row there has no samples in that month.
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

/** Reads cold point-days and the manifest rows of their days, from one snapshot. */
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
