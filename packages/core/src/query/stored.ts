import { CHECKED_TABLE, pathSql, rowKeySql, TABLE } from "../block-days/block-day-key.ts";
import { hexBytes } from "../block-days/hex.ts";
import { StoredHoursError } from "../block-days/hour-aggregates.ts";
import { decodeLocator, HEAD_BYTES } from "../block-days/hour-slice.ts";
import { type Locator, StoredLocatorError } from "../block-days/locator.ts";
import { MANIFEST_COLUMNS, type ManifestDay, manifestStatement, parseManifestDays } from "../cold/manifest.ts";
import { dayOf, DAYS } from "../domain/day.ts";
import { hoursOf, type TimeRange } from "../domain/time-range.ts";
import { isInt, isText, orNull, rowsOf } from "../d1/checked-rows.ts";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import { hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { type Beside, type ReadCost, type ReadSeries, readSeriesBeside } from "../store/read-segments.ts";
import type { StoredSeries } from "../store/stored-series.ts";
import { MAX_POINT_DAYS, ROLLUPS_AT_ONCE } from "./limits.ts";

/** Where a point's samples of a day are in the day's file. */
export interface PointDay {
  readonly pointId: number;
  readonly day: number;
  /** null: the stored one is damaged */
  readonly locator: Locator | null;
}

/** A point's hourly aggregates of a day; those of unfolded hours say nothing. */
export interface PointRollup {
  readonly pointId: number;
  readonly day: number;
  /** its slice of `block_days.hours`, hexadecimal */
  readonly slice: string;
  /** whether they are those of the day's file */
  readonly isCold: boolean;
}

/** The samples of points that are in segments. */
export interface YoungSamples extends Pick<ReadSeries, "damaged"> {
  readonly series: ReadonlyMap<number, StoredSeries>;
  readonly cost: ReadCost;
}

/** What both levels hold of a range, all of one moment. */
export interface Stored {
  /** starts of the UTC hours in which the hot level has samples of any of the site's points, ascending, epoch ms */
  readonly hours: readonly number[];
  /** those of them whose aggregates in `block_days` do not know all samples, ascending */
  readonly unfolded: readonly number[];
  /** those that were ever built, ascending */
  readonly days: readonly ManifestDay[];
  /** in no order; null: they are more than {@link MAX_POINT_DAYS} and were not read */
  readonly pointDays: readonly PointDay[] | null;
  /** whether `pointDays` lacks the days that were not asked for */
  readonly isCut: boolean;
  /** in no order; null: they were not asked for, or are more than {@link ROLLUPS_AT_ONCE} */
  readonly rollups: readonly PointRollup[] | null;
  /** of all `hours`; null: they were not asked for */
  readonly young: YoungSamples | null;
}

/** Days of a point that one row tells: at most 1,400 digits each, and D1 gives at most 2 MB a row. */
const DAYS_A_ROW = 1_024;

/** Where a point stands in `places`, as JSON paths: made once a point, because a row of it is read for each day. */
const POINTS = `
points (id, at, length, rows) AS MATERIALIZED (
  SELECT value, ${pathSql("value", "[0]")}, ${pathSql("value", "[1]")}, ${pathSql("value", "[2]")} FROM json_each(?4)
)`;

/**
 * A row for each point and {@link DAYS_A_ROW}, because a row for each day takes D1 and its client twice as long. Only the heads of slices
 * where the aggregates are not wanted, and then of some days only, unless ?8 is NULL: those of ?8 and of hours that are not folded.
 * ?1: site, ?2 and ?3: days, ?4: JSON array of point ids, ?5: the most slices of files, ?6: the most slices whose aggregates are wanted,
 * ?7: JSON array of each row's first day, ?8: JSON array of days or NULL.
 */
const READ_SLICES = `
WITH files (day) AS (
  SELECT day FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 AND key IS NOT NULL
), hot (day, is_folded) AS (
  SELECT hour / 86400000, folded_version IS version FROM hot_hours
  WHERE site_id = ?1 AND hour >= ?2 * 86400000 AND hour < ?3 * 86400000
), size (files, is_whole) AS (
  SELECT json_array_length(?4) * (SELECT count(*) FROM files),
    json_array_length(?4) * (SELECT count(*) FROM (SELECT day FROM files UNION SELECT day FROM hot)) <= ?6
), spans (start, end, is_whole) AS (
  SELECT value, min(value + ${DAYS_A_ROW}, ?3), is_whole FROM size CROSS JOIN json_each(?7)
  WHERE files <= ?5 AND (is_whole OR ?8 IS NULL)
  UNION ALL
  SELECT day, day + 1, 0 FROM (SELECT value AS day FROM json_each(?8) UNION SELECT day FROM hot WHERE NOT is_folded)
  WHERE ?8 IS NOT NULL AND (SELECT files <= ?5 AND NOT is_whole FROM size)
), ${POINTS}
SELECT p.id, f.is_whole, (
  SELECT group_concat((d.key & 65535) || CASE
      WHEN d.places IS NULL AND d.key & 65535 IN (SELECT day FROM files) THEN '+'
      WHEN d.places ->> p.rows IS NULL THEN '-' ELSE '+' END ||
    hex(substr(d.hours, d.places ->> p.at,
      CASE WHEN f.is_whole THEN d.places ->> p.length ELSE min(d.places ->> p.length, ${HEAD_BYTES}) END)))
  FROM ${TABLE}
  WHERE d.key >= ${rowKeySql("p.id", "f.start")} AND d.key < ${rowKeySql("p.id", "f.end")}
    AND (d.places IS NULL OR d.places ->> p.at IS NOT NULL AND (f.is_whole OR d.places ->> p.rows IS NOT NULL))
) AS days
FROM points p CROSS JOIN spans f`;

/**
 * {@link READ_SLICES}; a damaged row has empty slices, of each of its points: the file is then read by its footer, and the aggregates are lost.
 */
const CHECK_SLICES = READ_SLICES.replace(TABLE, CHECKED_TABLE);

const sliceRows = rowsOf("block_days", { id: isInt, is_whole: isInt, days: orNull(isText) });

/** A point's day of `block_days`. */
interface Slice {
  readonly pointId: number;
  readonly day: number;
  /** whether the aggregates are in it, and not its head alone */
  readonly isWhole: boolean;
  /** whether the day has a file with the point */
  readonly isCold: boolean;
  /** hexadecimal */
  readonly slice: string;
}

/**
 * Reads what is stored of a range in one transaction: were it read in two, a day that is archived between them would be
 * in neither, and aggregates would be taken for what they are not any more.
 * @param wanted what is wanted beside the locators: the aggregates, if they are few, or the samples in segments, of 100 points at most
 * @param located the only days whose locators are wanted where the aggregates are many, besides those of unfolded hours; null: all
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
  const rows = Math.ceil(Math.max(0, end - first) / DAYS_A_ROW);
  const starts = JSON.stringify(Array.from({ length: rows }, (_, i) => first + i * DAYS_A_ROW));
  const some = located === null ? null : JSON.stringify(located);
  const statements: Beside = (isChecked) => {
    const query = isChecked ? CHECK_SLICES : READ_SLICES;
    // Where the range lies beyond all keys, no key is between these.
    const values = [siteId, first, Math.max(first, end), ids, MAX_POINT_DAYS, most, starts, some];
    const slices = db.prepare(query).bind(...values);
    return [hotHoursStatement(db, siteId, range), manifestStatement(db, siteId, first, end), slices];
  };
  const young = wanted === "samples" ? await readYoung(db, siteId, pointIds, range, statements) : null;
  const [hours, days, slices] =
    young?.beside ?? (await readChecked((isChecked) => withD1Retry(() => db.batch([...statements(isChecked)]))));
  const hotHours = parseHotHours(hours?.results);
  const parsedDays = parseManifestDays(days?.results);
  const found = parseSlices(slices?.results);
  const files = parsedDays.filter(({ file }) => file !== null).map(({ day }) => day);
  const allDays = new Set([...files, ...hotHours.map(({ hour }) => dayOf(hour))]);
  const isWhole = wanted === "rollups" && allDays.size * pointIds.length <= ROLLUPS_AT_ONCE;
  return {
    hours: hotHours.map(({ hour }) => hour),
    unfolded: hotHours.filter(({ isFolded }) => !isFolded).map(({ hour }) => hour),
    days: parsedDays,
    pointDays: files.length * pointIds.length > MAX_POINT_DAYS ? null : pointDaysOf(found),
    isCut: located !== null && !isWhole,
    rollups: isWhole ? rollupsOf(found) : null,
    young,
  };
}

async function readYoung(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  range: TimeRange,
  beside: Beside,
): Promise<YoungSamples & ReadSeries> {
  const cost = { statements: 0, rowsRead: 0 };
  const hours = hoursOf(range);
  const wanted = { siteId, hours: new Map(pointIds.map((id) => [id, hours])), range };
  return { ...(await readSeriesBeside(db, wanted, beside, cost)), cost };
}

/** @throws {Error} for what {@link READ_SLICES} does not give */
function parseSlices(results: unknown): Slice[] {
  return sliceRows(results).flatMap(({ id: pointId, is_whole, days }) =>
    (days === null ? [] : days.split(",")).map((text) => {
      const mark = text.search(MARK);
      if (mark < 1) throw new Error(`block_days: found "${text.slice(0, 20)}", expected a day and a slice`);
      const isCold = text[mark] === "+";
      return {
        pointId,
        day: Number(text.slice(0, mark)),
        isWhole: is_whole === 1,
        isCold,
        slice: text.slice(mark + 1),
      };
    }),
  );
}

/** Stands between a day and its slice. */
const MARK = /[+-]/;

/** A {@link PointDay} that reads its locator when it is asked for: charts of hours and days need few of them, or none. */
class StoredPointDay implements PointDay {
  readonly pointId: number;
  readonly day: number;
  readonly #slice: string;
  #locator: Locator | null | undefined;

  constructor({ pointId, day, slice }: Slice) {
    this.pointId = pointId;
    this.day = day;
    this.#slice = slice;
  }

  get locator(): Locator | null {
    return (this.#locator ??= locatorOf(this.#slice));
  }
}

function pointDaysOf(slices: readonly Slice[]): PointDay[] {
  return slices.flatMap((slice) => (slice.isCold ? [new StoredPointDay(slice)] : []));
}

function rollupsOf(slices: readonly Slice[]): PointRollup[] {
  return slices.filter(({ isWhole }) => isWhole);
}

function locatorOf(slice: string): Locator | null {
  try {
    return decodeLocator(hexBytes(slice.slice(0, 2 * HEAD_BYTES)));
  } catch (error) {
    if (error instanceof StoredLocatorError || error instanceof StoredHoursError) return null;
    throw error;
  }
}

/** ?1: site, ?2: JSON array of days. */
const READ_SOME_DAYS = `
SELECT ${MANIFEST_COLUMNS} FROM day_files WHERE site_id = ?1 AND day IN (SELECT value FROM json_each(?2)) ORDER BY day`;

/** The heads of slices. ?1: JSON array of [point id, day]. */
const READ_SOME_SLICES = `
SELECT k.value ->> 0 AS id, 0 AS is_whole, (k.value ->> 1) || '+' || hex(substr(d.hours, d.places ->> ${pathSql("(k.value ->> 0)", "[0]")},
    min(d.places ->> ${pathSql("(k.value ->> 0)", "[1]")}, ${HEAD_BYTES}))) AS days
FROM json_each(?1) k CROSS JOIN ${TABLE} ON d.key = ${rowKeySql("k.value ->> 0", "k.value ->> 1")}
WHERE d.places IS NULL OR d.places ->> ${pathSql("(k.value ->> 0)", "[2]")} IS NOT NULL`;
const CHECK_SOME_SLICES = READ_SOME_SLICES.replace(TABLE, CHECKED_TABLE);

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
  return {
    days: parseManifestDays(dayRows?.results),
    pointDays: pointDaysOf(parseSlices(slices?.results)),
  };
}
