import { batchUnlessChanged, ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { monthDays } from "../domain/month.ts";
import { type ManifestDay, readManifest } from "./manifest.ts";

/** The rows of `day_files` that a build of a month read at its start. */
export interface MonthBasis {
  readonly month: number;
  /** ascending */
  readonly days: readonly BasisDay[];
}

/** The columns that change when a day's file or its aggregates change. */
export type BasisDay = Pick<ManifestDay, "day" | "state" | "generation" | "updatedAt" | "file">;

/** Reads the days that a month is built from. */
export async function readMonthBasis(db: D1Database, siteId: number, month: number): Promise<MonthBasis> {
  const { first, end } = monthDays(month);
  const rows = await readManifest(db, siteId, first, end);
  return {
    month,
    days: rows.map(({ day, state, generation, updatedAt, file }) => ({ day, state, generation, updatedAt, file })),
  };
}

/**
 * The generation of each day's file, by day of the month; null: no readable file. @param days of the month, in any
 * order
 */
export function generationsOf(
  month: number,
  days: readonly (Pick<ManifestDay, "day" | "generation" | "state"> & { readonly file: object | null })[],
): (number | null)[] {
  const { first, end } = monthDays(month);
  const written = days.filter(({ state, file }) => state === "written" && file !== null);
  const byDay = new Map(written.map(({ day, generation }) => [day, generation]));
  return Array.from({ length: end - first }, (_, i) => byDay.get(first + i) ?? null);
}

/** ?1: site, ?2 and ?3: days [first, end), ?4: JSON array of [day, generation, updated_at], ascending. */
const EXPECT_BASIS = `
SELECT CASE WHEN (
  SELECT json_group_array(json_array(day, generation, updated_at)) FROM (
    SELECT day, generation, updated_at FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day)
) = ?4 ${ELSE_FAIL}`;

/** Put this first in a batch: it fails the batch if a day of the month has changed since it was read. */
function expectBasis(db: D1Database, siteId: number, { month, days }: MonthBasis): D1PreparedStatement {
  const { first, end } = monthDays(month);
  const rows = days.map(({ day, generation, updatedAt }) => [day, generation, updatedAt]);
  return db.prepare(EXPECT_BASIS).bind(siteId, first, end, JSON.stringify(rows));
}

/**
 * Runs a batch only if the month's days have not changed since they were read. Safe to repeat if the batch is.
 * @returns null if a day has changed; nothing is written then
 */
export async function batchOnBasis(
  db: D1Database,
  siteId: number,
  basis: MonthBasis,
  statements: readonly D1PreparedStatement[],
): Promise<D1Result[] | null> {
  const results = await batchUnlessChanged(db, [expectBasis(db, siteId, basis), ...statements]);
  return results?.slice(1) ?? null;
}
