import { z } from "zod";
import { pointsByName, pointsStatement, type StoredPoint } from "../catalog/point-list.ts";
import { type DayOutline, OUTLINE_COLUMNS, parseDayOutlines } from "../manifest/manifest.ts";
import { dayOf } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { withD1Retry } from "../d1/retry.ts";
import { HOT_HOUR_COLUMNS, type HotHour, parseHotHours } from "../store/hot-hours.ts";

/** Everything except samples that an answer over a range depends on. While it is unchanged, so is the answer. */
export interface QueryState {
  /** null: no sync of the site has run yet */
  readonly siteId: number | null;
  /** the existing points, by requested name */
  readonly points: ReadonlyMap<string, StoredPoint>;
  /** epoch ms; null: no window of the sync has ended */
  readonly watermark: number | null;
  /** days of the range that were ever built, ascending */
  readonly days: readonly DayOutline[];
  /** hours of the range with hot rows, ascending */
  readonly hours: readonly HotHour[];
}

const SITE_ID = "(SELECT id FROM sites WHERE name = ?1)";

/**
 * Reads the state of a query in one transaction, without samples and without R2. Read it before the answer: then the
 * answer may be newer than its state, but never older.
 * @throws {Error} for malformed rows; the error of D1, after retries
 */
export async function readQueryState(
  db: D1Database,
  siteName: string,
  pointNames: readonly string[],
  range: TimeRange,
): Promise<QueryState> {
  const bind = (sql: string, ...values: readonly (string | number)[]) => db.prepare(sql).bind(siteName, ...values);
  const [site, points, days, hours] = await withD1Retry(() =>
    db.batch([
      bind("SELECT s.id, y.watermark FROM sites s LEFT JOIN sync_state y ON y.site_id = s.id WHERE s.name = ?1"),
      pointsStatement(db, siteName, pointNames),
      bind(
        `SELECT ${OUTLINE_COLUMNS} FROM day_files WHERE site_id = ${SITE_ID} AND day >= ?2 AND day <= ?3 ORDER BY day`,
        dayOf(range.start),
        dayOf(range.end - 1),
      ),
      bind(
        `SELECT ${HOT_HOUR_COLUMNS} FROM hot_hours WHERE site_id = ${SITE_ID} AND hour >= ?2 AND hour < ?3 ORDER BY hour`,
        hourOf(range.start),
        range.end,
      ),
    ]),
  );
  const [row] = z.array(z.object({ id: z.int(), watermark: z.int().nullable() })).parse(site?.results);
  return {
    siteId: row?.id ?? null,
    points: pointsByName(points?.results, siteName, pointNames),
    watermark: row?.watermark ?? null,
    days: parseDayOutlines(days?.results),
    hours: parseHotHours(hours?.results),
  };
}

/** Identifies the state of a day's file. It excludes pending claims of builds. */
export function dayVersion({ day, state, build, generation, file, updatedAt }: DayOutline) {
  return [day, state, build, generation, file?.etag ?? null, updatedAt];
}

const READ_FILES_VERSION = `
SELECT count(*) AS n, sum(state = 'suspect') AS suspect, sum(state = 'written') AS written, max(updated_at) AS at,
  CAST(sum(generation) AS TEXT) AS generation, max(day) FILTER (WHERE key IS NOT NULL) AS newest
FROM day_files WHERE site_id = ${SITE_ID}`;

const READ_CLOCK = `
SELECT s.id, c.stamp, c.token FROM sites s LEFT JOIN site_clocks c ON c.site_id = s.id WHERE s.name = ?1`;

/**
 * Statements whose rows together change with every sample of a site, hot or settled. Each returns at most one row.
 * {@link foundSiteId} reads the first result, {@link newestFileDay} the second.
 */
export function siteVersionStatements(db: D1Database, siteName: string): [D1PreparedStatement, D1PreparedStatement] {
  return [db.prepare(READ_CLOCK).bind(siteName), db.prepare(READ_FILES_VERSION).bind(siteName)];
}

const idsSchema = z.array(z.object({ id: z.int() }));

/** null: no sync of the site has run yet. @param clock the first result of {@link siteVersionStatements} */
export function foundSiteId(clock: unknown): number | null {
  return idsSchema.parse(clock)[0]?.id ?? null;
}

const filesSchema = z.tuple([z.object({ newest: z.int().nullable() })]);

/** The last day with a file; null: there is no file. @param files the second result of {@link siteVersionStatements} */
export function newestFileDay(files: unknown): number | null {
  return filesSchema.parse(files)[0].newest;
}
