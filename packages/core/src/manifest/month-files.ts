import { isInt, isText, orNull, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { monthDays } from "../domain/month.ts";

/** The object with a copy of a month's samples. */
export interface StoredMonthFile {
  /** R2 key */
  readonly key: string;
  readonly etag: string;
  /** of the whole object */
  readonly bytes: number;
  readonly rows: number;
}

/** The generation of each day's file, by day of the month, from 0; null: no file. */
export type MonthGenerations = readonly (number | null)[];

/** A row of `month_files`; write-month-files.ts writes it. */
export interface MonthRow {
  /** whole months since January 1970 */
  readonly month: number;
  /** null: no readable file */
  readonly file: StoredMonthFile | null;
  /** whether R2 may have an object, readable or not */
  readonly mayHaveObject: boolean;
  /** generations of the day files that the month file copies */
  readonly days: MonthGenerations;
  /** grows with each new file */
  readonly generation: number;
  /** generation of the file whose locators are in `point_months` for all points; 0: no file */
  readonly located: number;
  /** generations of the days whose aggregates are in `point_months` for all points */
  readonly packed: MonthGenerations;
  /** the Workflow instance that builds it; null: not being built */
  readonly instance: string | null;
  /** when the last build ended, epoch ms; null: never */
  readonly builtAt: number | null;
  /** consecutive builds that failed */
  readonly attempts: number;
  readonly reason: string | null;
}

const COLUMNS =
  "month, key, etag, bytes, rows, days, generation, located, packed, instance, built_at, attempts, reason";

const monthRows = rowsOf("month_files", {
  month: isInt,
  key: orNull(isText),
  etag: orNull(isText),
  bytes: orNull(isInt),
  rows: orNull(isInt),
  days: isText,
  generation: isInt,
  located: isInt,
  packed: isText,
  instance: orNull(isText),
  built_at: orNull(isInt),
  attempts: isInt,
  reason: orNull(isText),
});

/** The rows of a site's months in [from, to), ascending. */
export function monthFilesStatement(db: D1Database, siteId: number, from: number, to: number): D1PreparedStatement {
  return db
    .prepare(`SELECT ${COLUMNS} FROM month_files WHERE site_id = ?1 AND month >= ?2 AND month < ?3 ORDER BY month`)
    .bind(siteId, from, to);
}

/** The rows that {@link monthFilesStatement} selects. @throws {Error} if a row is invalid */
export function parseMonthFiles(results: unknown): MonthRow[] {
  return monthRows(results).map((row) => {
    const { month, key, etag, bytes, rows, generation, located, instance, built_at: builtAt, attempts, reason } = row;
    const isWhole = key !== null && etag !== null && bytes !== null && rows !== null;
    return {
      month,
      file: isWhole ? { key, etag, bytes, rows } : null,
      mayHaveObject: key !== null,
      days: parseGenerations(row.days, month),
      generation,
      located,
      packed: parseGenerations(row.packed, month),
      instance,
      builtAt,
      attempts,
      reason,
    };
  });
}

/** The rows of a site's months in [from, to), ascending. */
export async function readMonthFiles(db: D1Database, siteId: number, from: number, to: number): Promise<MonthRow[]> {
  const { results } = await withD1Retry(() => monthFilesStatement(db, siteId, from, to).all());
  return parseMonthFiles(results);
}

/** An invalid list counts as empty: readers then read the day files. */
function parseGenerations(json: string, month: number): MonthGenerations {
  const { first, end } = monthDays(month);
  const none: MonthGenerations = Array.from({ length: end - first }, () => null);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return none;
    throw error;
  }
  if (!Array.isArray(parsed) || parsed.length !== none.length) return none;
  return parsed.map((value: unknown) => (isInt(value) && value > 0 ? value : null));
}
