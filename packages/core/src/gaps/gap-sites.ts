import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

// Owner of table `gap_sites`.

/** State of a site's gap detection: a row of `gap_sites`. */
export interface ScannedSite {
  readonly siteId: number;
  /** the sync is complete from this day on: whole days since 1970 */
  readonly syncFromDay: number;
  readonly token: string;
  /** end of the 24 hours of `expected` and `present`, epoch ms; null: no hour has rollups yet */
  readonly scannedUntil: number | null;
  /** samples expected by the cadences in those 24 hours, and how many of them are stored */
  readonly expected: number;
  readonly present: number;
  /** configured points with samples that are not judged */
  readonly unjudged: number;
}

const rowSchema = z.object({
  site_id: z.int(),
  sync_from_day: z.int(),
  token: z.string(),
  scanned_until: z.int().nullable(),
  expected: z.int().nullable(),
  present: z.int().nullable(),
  unjudged: z.int().nullable(),
});

/** Parses the rows of a query that selects all columns of `gap_sites`. */
export function parseScannedSites(results: unknown): ScannedSite[] {
  return z
    .array(rowSchema)
    .parse(results)
    .map((row) => ({
      siteId: row.site_id,
      syncFromDay: row.sync_from_day,
      token: row.token,
      scannedUntil: row.scanned_until,
      expected: row.expected ?? 0,
      present: row.present ?? 0,
      unjudged: row.unjudged ?? 0,
    }));
}

/** By site id. A site that was never scanned is absent. */
export async function readScannedSites(db: D1Database, siteIds: readonly number[]): Promise<Map<number, ScannedSite>> {
  const statement = db
    .prepare("SELECT * FROM gap_sites WHERE site_id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(siteIds));
  const { results } = await withD1Retry(() => statement.all());
  return new Map(parseScannedSites(results).map((row) => [row.siteId, row]));
}

/** Stores the first day with complete sync data. Safe to repeat: the earliest day wins. */
export async function beginSite(db: D1Database, siteId: number, syncFromDay: number): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO gap_sites (site_id, sync_from_day, token) VALUES (?1, ?2, ?3)
       ON CONFLICT (site_id) DO UPDATE SET sync_from_day = ?2 WHERE sync_from_day > ?2`,
    )
    .bind(siteId, syncFromDay, crypto.randomUUID());
  await withD1Retry(() => statement.run());
}

/** Stores how complete the site's last 24 hours are. */
export async function noteCoverage(
  db: D1Database,
  siteId: number,
  coverage: { readonly until: number; readonly expected: number; readonly present: number; readonly unjudged: number },
): Promise<void> {
  const statement = db
    .prepare("UPDATE gap_sites SET scanned_until = ?2, expected = ?3, present = ?4, unjudged = ?5 WHERE site_id = ?1")
    .bind(siteId, coverage.until, coverage.expected, coverage.present, coverage.unjudged);
  await withD1Retry(() => statement.run());
}

/** True while the site's gaps are unchanged since they were read. ?1: site, ?2: token. */
export const IS_CURRENT = "EXISTS (SELECT 1 FROM gap_sites WHERE site_id = ?1 AND token = ?2)";

const MOVE_TOKEN = "UPDATE gap_sites SET token = ?3 WHERE site_id = ?1 AND token = ?2";

/** The last statement of a batch that checks {@link IS_CURRENT}. It invalidates what other detections have read. */
export function moveToken(db: D1Database, siteId: number, token: string, next: string): D1PreparedStatement {
  return db.prepare(MOVE_TOKEN).bind(siteId, token, next);
}

/** Invalidates what running detections have read. */
export function newToken(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare("UPDATE gap_sites SET token = ?2 WHERE site_id = ?1").bind(siteId, crypto.randomUUID());
}
