// The statements that write `quality_days` (migrations/0001_schema.sql states the invariant).

/** The samples that a day's points were judged from. */
export interface JudgedBasis {
  /** of the day's file; null: it had none */
  readonly etag: string | null;
  /** rows of `hot_hours` of the day, and the sum of their versions */
  readonly hotHours: number;
  readonly hotVersions: number;
}

/** Those of a file that is just published. Segments beside it make the quality stale at once. */
export function basisOfFile(etag: string): JudgedBasis {
  return { etag, hotHours: 0, hotVersions: 0 };
}

/** ?1: site, ?2: day, ?3: formula, ?4: etag, ?5: hot hours, ?6: sum of their versions, ?7: now. */
const MARK_JUDGED = `
INSERT INTO quality_days (site_id, day, formula, etag, hot_hours, hot_versions, judged_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (site_id, day) DO UPDATE SET formula = excluded.formula, etag = excluded.etag, hot_hours = excluded.hot_hours,
  hot_versions = excluded.hot_versions, judged_at = excluded.judged_at`;

/** Belongs into the batch that writes the quality of a day's points. @param formula FORMULA_VERSION of the judge @param now epoch ms */
export function markJudged(
  db: D1Database,
  { siteId, day, formula }: { readonly siteId: number; readonly day: number; readonly formula: number },
  { etag, hotHours, hotVersions }: JudgedBasis,
  now: number,
): D1PreparedStatement {
  return db.prepare(MARK_JUDGED).bind(siteId, day, formula, etag, hotHours, hotVersions, now);
}

/** The day is to be judged again. */
export function forgetJudged(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare("DELETE FROM quality_days WHERE site_id = ?1 AND day = ?2").bind(siteId, day);
}
