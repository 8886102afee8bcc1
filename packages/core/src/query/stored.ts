import { z } from "zod";
import { type Locator, parseLocator, StoredLocatorError } from "../cold/locator.ts";
import { MANIFEST_COLUMNS, type ManifestDay, manifestStatement, parseManifestDays } from "../cold/manifest.ts";
import { dayOf, DAYS } from "../domain/day.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { withD1Retry } from "../d1/retry.ts";
import { hotHoursStatement, parseHotHours } from "../store/hot-hours.ts";
import { MAX_POINT_DAYS, ROLLUPS_AT_ONCE } from "./limits.ts";

/** Where a point's samples of a day are in the day's file. */
export interface PointDay {
  readonly pointId: number;
  readonly day: number;
  /** null: the manifest's text is not one that we write */
  readonly locator: Locator | null;
}

/** A point's hourly aggregates of a day, of which those of unfolded hours say nothing. */
export interface PointRollup {
  readonly pointId: number;
  readonly day: number;
  /** as `point_days.hours` has them */
  readonly hours: string;
  /** whether they are those of the day's file */
  readonly isCold: boolean;
}

/** What both levels hold of a range, all of one moment. */
export interface Stored {
  /** starts of the UTC hours in which the hot level has samples of any of the site's points, ascending, epoch ms */
  readonly hours: readonly number[];
  /** those of them of which the aggregates in `point_days` do not know all samples, ascending */
  readonly unfolded: readonly number[];
  /** those that were ever built, ascending */
  readonly days: readonly ManifestDay[];
  /** in no order; null: they are more than {@link MAX_POINT_DAYS} and were not read */
  readonly pointDays: readonly PointDay[] | null;
  /** in no order; null: they were not asked for, or are more than {@link ROLLUPS_AT_ONCE} */
  readonly rollups: readonly PointRollup[] | null;
}

/**
 * One stretch of the key a point. ?1: site, ?2 and ?3: days, ?4: JSON array of point ids, ?5: the most rows of files, ?6:
 * the most rows of which the aggregates are wanted.
 */
const READ_POINT_DAYS = `
WITH files (day) AS (
  SELECT day FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 AND key IS NOT NULL
), hot (day) AS (
  SELECT hour / 86400000 FROM hot_hours WHERE site_id = ?1 AND hour >= ?2 * 86400000 AND hour < ?3 * 86400000
), size (files, all_days) AS (
  SELECT json_array_length(?4) * (SELECT count(*) FROM files),
    json_array_length(?4) * (SELECT count(*) FROM (SELECT day FROM files UNION SELECT day FROM hot))
)
SELECT d.point_day, d.locator, CASE WHEN s.all_days <= ?6 THEN d.hours END AS hours FROM size s
CROSS JOIN json_each(?4) p
CROSS JOIN point_days d ON d.point_day >= (p.value << 16) + ?2 AND d.point_day < (p.value << 16) + ?3
WHERE s.files <= ?5 AND (d.locator IS NOT NULL OR s.all_days <= ?6)`;

interface PointDayRow {
  readonly point_day: number;
  readonly locator: string | null;
  readonly hours: string | null;
}

/**
 * Reads what is stored of a range in one transaction: were it read in two, a day that is archived between them would be
 * in neither, and aggregates would be taken for what they are not any more.
 * @param wanted whether the aggregates are wanted too, if they are few
 * @throws {Error} for rows that are not what we write, but for locators; the error of D1, after retries
 */
export async function readStored(
  db: D1Database,
  siteId: number,
  pointIds: readonly number[],
  range: TimeRange,
  wanted: "locators" | "rollups",
): Promise<Stored> {
  const first = Math.max(0, dayOf(range.start));
  const end = Math.min(DAYS, dayOf(range.end - 1) + 1);
  const ids = JSON.stringify(pointIds);
  const most = wanted === "rollups" ? ROLLUPS_AT_ONCE : 0;
  const [hours, days, pointDays] = await withD1Retry(() =>
    db.batch([
      hotHoursStatement(db, siteId, range),
      manifestStatement(db, siteId, first, end),
      // Where the range lies beyond all keys, no key is between these.
      db.prepare(READ_POINT_DAYS).bind(siteId, first, Math.max(first, end), ids, MAX_POINT_DAYS, most),
    ]),
  );
  const hotHours = parseHotHours(hours?.results);
  const parsedDays = parseManifestDays(days?.results);
  const rows = pointDayRows(pointDays?.results);
  const files = parsedDays.filter(({ file }) => file !== null).map(({ day }) => day);
  const allDays = new Set([...files, ...hotHours.map(({ hour }) => dayOf(hour))]);
  return {
    hours: hotHours.map(({ hour }) => hour),
    unfolded: hotHours.filter(({ isFolded }) => !isFolded).map(({ hour }) => hour),
    days: parsedDays,
    pointDays: files.length * pointIds.length > MAX_POINT_DAYS ? null : parsePointDays(rows),
    rollups: wanted === "locators" || allDays.size * pointIds.length > ROLLUPS_AT_ONCE ? null : parseRollups(rows),
  };
}

/** Checked by hand: an answer may need 96,000. */
function pointDayRows(results: unknown): readonly PointDayRow[] {
  const rows: unknown[] = Array.isArray(results) ? results : [null];
  if (!rows.every(isPointDayRow)) throw new Error("point_days has a row that is not what is written");
  return rows;
}

function isPointDayRow(row: unknown): row is PointDayRow {
  if (typeof row !== "object" || row === null) return false;
  if (!("point_day" in row && "locator" in row && "hours" in row)) return false;
  const { point_day: key, locator, hours } = row;
  return (
    Number.isSafeInteger(key) &&
    (locator === null || typeof locator === "string") &&
    (hours === null || typeof hours === "string")
  );
}

/** A {@link PointDay} that reads its locator when it is asked for: charts of hours and days need few of them, or none. */
class StoredPointDay implements PointDay {
  readonly pointId: number;
  readonly day: number;
  readonly #text: string;
  #locator: Locator | null | undefined;

  constructor(key: number, text: string) {
    ({ pointId: this.pointId, day: this.day } = pointAndDay(key));
    this.#text = text;
  }

  get locator(): Locator | null {
    return (this.#locator ??= locatorOf(this.#text));
  }
}

function parsePointDays(rows: readonly PointDayRow[]): PointDay[] {
  return rows.flatMap(({ point_day: key, locator }) => (locator === null ? [] : [new StoredPointDay(key, locator)]));
}

function parseRollups(rows: readonly PointDayRow[]): PointRollup[] {
  return rows.flatMap(({ point_day: key, locator, hours }) =>
    hours === null ? [] : [{ ...pointAndDay(key), hours, isCold: locator !== null }],
  );
}

function pointAndDay(key: number): { readonly pointId: number; readonly day: number } {
  const pointId = Math.floor(key / DAYS);
  return { pointId, day: key - pointId * DAYS };
}

function locatorOf(text: string): Locator | null {
  try {
    return parseLocator(text);
  } catch (error) {
    if (error instanceof StoredLocatorError) return null;
    throw error;
  }
}

/** ?1: site, ?2: JSON array of days. */
const READ_SOME_DAYS = `
SELECT ${MANIFEST_COLUMNS} FROM day_files WHERE site_id = ?1 AND day IN (SELECT value FROM json_each(?2)) ORDER BY day`;

/** ?1: JSON array of keys. */
const READ_SOME_POINT_DAYS = `
SELECT d.point_day, d.locator, NULL AS hours FROM json_each(?1) k CROSS JOIN point_days d ON d.point_day = k.value
WHERE d.locator IS NOT NULL`;

/** What the cold level holds of some points' days, and these days' rows of the manifest, all of one moment. */
export async function readStoredDays(
  db: D1Database,
  siteId: number,
  wanted: readonly { readonly pointId: number; readonly day: number }[],
): Promise<{ readonly days: ManifestDay[]; readonly pointDays: PointDay[] }> {
  const days = JSON.stringify([...new Set(wanted.map(({ day }) => day))]);
  const keys = JSON.stringify(wanted.map(({ pointId, day }) => pointId * DAYS + day));
  const [dayRows, pointDayResults] = await withD1Retry(() =>
    db.batch([db.prepare(READ_SOME_DAYS).bind(siteId, days), db.prepare(READ_SOME_POINT_DAYS).bind(keys)]),
  );
  return {
    days: parseManifestDays(dayRows?.results),
    pointDays: parsePointDays(pointDayRows(pointDayResults?.results)),
  };
}

/** ?1: JSON array of point ids. */
const READ_LAST_DAYS = `
SELECT (SELECT max(d.point_day) FROM point_days d
  WHERE d.point_day >= p.value << 16 AND d.point_day < (p.value + 1) << 16 AND d.locator IS NOT NULL) AS point_day
FROM json_each(?1) p`;

/** The last day of each point in a day file; a point that is not there is absent. */
export async function readLastDays(db: D1Database, pointIds: readonly number[]): Promise<Map<number, number>> {
  const statement = db.prepare(READ_LAST_DAYS).bind(JSON.stringify(pointIds));
  const { results } = await withD1Retry(() => statement.all());
  const rows = z.array(z.object({ point_day: z.int().nullable() })).parse(results);
  return new Map(
    rows.flatMap(({ point_day: key }) => (key === null ? [] : [[Math.floor(key / DAYS), key % DAYS] as const])),
  );
}
