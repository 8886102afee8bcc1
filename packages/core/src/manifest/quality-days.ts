import { withD1Retry } from "../d1/retry.ts";
import { rowKeySql, SITE_ROW_BLOCKS } from "../rollups/block-day-key.ts";
import { log } from "../telemetry/log.ts";

// The statements that write `quality_days`. migrations/0001_schema.sql states the invariant.

/** Identifies the samples that a day's quality was computed from. */
export interface JudgedBasis {
  /** ETag of the day's file; null: no file */
  readonly etag: string | null;
  /** number of rows of `hot_hours` of the day, and the sum of their versions */
  readonly hotHours: number;
  readonly hotVersions: number;
}

/** The basis of a file that is being published. Segments beside the file make the quality stale at once. */
export function basisOfFile(etag: string): JudgedBasis {
  return { etag, hotHours: 0, hotVersions: 0 };
}

/** ?1: site, ?2: day, ?3: formula, ?4: etag, ?5: hot hours, ?6: sum of their versions, ?7: now. */
const MARK_JUDGED = `
INSERT INTO quality_days (site_id, day, formula, etag, hot_hours, hot_versions, judged_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (site_id, day) DO UPDATE SET formula = excluded.formula, etag = excluded.etag, hot_hours = excluded.hot_hours,
  hot_versions = excluded.hot_versions, judged_at = excluded.judged_at`;

/**
 * Belongs in the batch that writes the quality of a day's points. @param formula FORMULA_VERSION of the judge @param
 * now epoch ms
 */
export function markJudged(
  db: D1Database,
  { siteId, day, formula }: { readonly siteId: number; readonly day: number; readonly formula: number },
  { etag, hotHours, hotVersions }: JudgedBasis,
  now: number,
): D1PreparedStatement {
  return db.prepare(MARK_JUDGED).bind(siteId, day, formula, etag, hotHours, hotVersions, now);
}

/** Marks the quality of a day as stale. */
export function forgetJudged(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare("DELETE FROM quality_days WHERE site_id = ?1 AND day = ?2").bind(siteId, day);
}

/** ?1: site, ?2 and ?3: days [from, to). */
const FORGET_DAMAGED = `
DELETE FROM quality_days WHERE site_id = ?1 AND day >= ?2 AND day < ?3 AND EXISTS (
  SELECT 1 FROM ${SITE_ROW_BLOCKS} b
  CROSS JOIN block_days d ON d.key = ${rowKeySql("b.block", "quality_days.day")}
  WHERE d.quality IS NOT NULL AND NOT json_valid(d.quality, 8)
)`;

/** Marks days with a damaged quality as stale, so that it is computed again. Reads all rows of the days [from, to). */
export async function forgetDamaged(db: D1Database, siteId: number, from: number, to: number): Promise<void> {
  const { meta } = await withD1Retry(() => db.prepare(FORGET_DAMAGED).bind(siteId, from, to).run());
  log("quality_rows_damaged", { siteId, days: meta.changes });
}
