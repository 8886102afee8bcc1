import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

// The SQL of `gap_sites`.

/** What the last look at a site came to: a row of `gap_sites`. */
export interface ScannedSite {
  readonly siteId: number;
  /** the sync has fetched everything since this day began: whole days since 1970 */
  readonly syncFromDay: number;
  readonly token: string;
  /** of the day before this, epoch ms; null: nothing is known yet */
  readonly scannedUntil: number | null;
  /** samples of that day that the cadences lead to expect, and how many of these there are */
  readonly expected: number;
  readonly present: number;
  /** configured points that are not judged */
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

/** Reads the rows of a query that selects all columns of `gap_sites`. */
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

/** By site id; a site that was never looked at is absent. */
export async function readScannedSites(db: D1Database, siteIds: readonly number[]): Promise<Map<number, ScannedSite>> {
  const statement = db
    .prepare("SELECT * FROM gap_sites WHERE site_id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(siteIds));
  const { results } = await withD1Retry(() => statement.all());
  return new Map(parseScannedSites(results).map((row) => [row.siteId, row]));
}

/**
 * Notes since when the sync has fetched everything, at the first look after its first window. Safe to repeat: the earliest
 * day stays; a look before that window knew of none.
 */
export async function beginSite(db: D1Database, siteId: number, syncFromDay: number): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO gap_sites (site_id, sync_from_day, token) VALUES (?1, ?2, ?3)
       ON CONFLICT (site_id) DO UPDATE SET sync_from_day = ?2 WHERE sync_from_day > ?2`,
    )
    .bind(siteId, syncFromDay, crypto.randomUUID());
  await withD1Retry(() => statement.run());
}

/** Notes how whole a site's last day is. */
export async function noteCoverage(
  db: D1Database,
  siteId: number,
  of: { readonly until: number; readonly expected: number; readonly present: number; readonly unjudged: number },
): Promise<void> {
  const statement = db
    .prepare("UPDATE gap_sites SET scanned_until = ?2, expected = ?3, present = ?4, unjudged = ?5 WHERE site_id = ?1")
    .bind(siteId, of.until, of.expected, of.present, of.unjudged);
  await withD1Retry(() => statement.run());
}

/** The site's gaps are as they were read. ?1: site, ?2: token. */
export const IS_CURRENT = "EXISTS (SELECT 1 FROM gap_sites WHERE site_id = ?1 AND token = ?2)";

const MOVE_TOKEN = "UPDATE gap_sites SET token = ?3 WHERE site_id = ?1 AND token = ?2";

/** The last statement of a batch whose others are written where {@link IS_CURRENT}: what others have read is not what it was any more. */
export function moveToken(db: D1Database, siteId: number, token: string, next: string): D1PreparedStatement {
  return db.prepare(MOVE_TOKEN).bind(siteId, token, next);
}

/** What a detection has read is not what it was any more. */
export function newToken(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare("UPDATE gap_sites SET token = ?2 WHERE site_id = ?1").bind(siteId, crypto.randomUUID());
}
