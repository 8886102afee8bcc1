import { z } from "zod";
import { pointsByName, pointsStatement, type StoredPoint } from "../catalog/point-list.ts";
import { type DayOutline, OUTLINE_COLUMNS, parseDayOutlines } from "../manifest/manifest.ts";
import { dayOf } from "../domain/day.ts";
import { hourOf } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { withD1Retry } from "../d1/retry.ts";
import { HOT_HOUR_COLUMNS, type HotHour, parseHotHours } from "../store/hot-hours.ts";

/** All that an answer over a range depends on but the samples themselves: while it is the same, so is the answer. */
export interface QueryState {
  /** null: no sync has met the site */
  readonly siteId: number | null;
  /** by the names asked for, those that are there */
  readonly points: ReadonlyMap<string, StoredPoint>;
  /** epoch ms; null: no window of the sync has ended */
  readonly watermark: number | null;
  /** days of the range that were ever built, ascending */
  readonly days: readonly DayOutline[];
  /** hours of the range that have hot rows, ascending */
  readonly hours: readonly HotHour[];
}

const SITE_ID = "(SELECT id FROM sites WHERE name = ?1)";

/**
 * Reads the state of a query in one transaction; no sample, and nothing of R2. To be read before the answer: an answer
 * may then be newer than its state, and never older.
 * @throws {Error} for rows that are not what we write; the error of D1, after retries
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

/** What tells a state of a day's file from any other; what a build is about to do is not a part of it. */
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
 * Statements whose rows together change with every sample, hot or settled, of a site. A row each, or none. {@link foundSiteId} reads the
 * first one's, {@link newestFileDay} the second one's.
 */
export function siteVersionStatements(db: D1Database, siteName: string): [D1PreparedStatement, D1PreparedStatement] {
  return [db.prepare(READ_CLOCK).bind(siteName), db.prepare(READ_FILES_VERSION).bind(siteName)];
}

const idsSchema = z.array(z.object({ id: z.int() }));

/** null: no sync has met the site. @param clock the first result of {@link siteVersionStatements} */
export function foundSiteId(clock: unknown): number | null {
  return idsSchema.parse(clock)[0]?.id ?? null;
}

const filesSchema = z.tuple([z.object({ newest: z.int().nullable() })]);

/** The last day that has a file; null: none has. @param files the second result of {@link siteVersionStatements} */
export function newestFileDay(files: unknown): number | null {
  return filesSchema.parse(files)[0].newest;
}
