import { IS_CURRENT } from "./gap-sites.ts";

// Owner of table `gap_days`: the fingerprint of each day at its last scan.

/** ?1: site, ?2: token, ?3: day, ?4: fingerprint. */
const RECORD_FINGERPRINT = `
INSERT INTO gap_days (site_id, day, fingerprint) SELECT ?1, ?3, ?4 WHERE ${IS_CURRENT}
ON CONFLICT (site_id, day) DO UPDATE SET fingerprint = ?4 WHERE fingerprint <> ?4`;

/**
 * A statement for the batch that writes the result of a day's scan. @param token of the site's gaps when they were read
 */
export function recordFingerprint(
  db: D1Database,
  siteId: number,
  token: string,
  { day, fingerprint }: { readonly day: number; readonly fingerprint: string },
): D1PreparedStatement {
  return db.prepare(RECORD_FINGERPRINT).bind(siteId, token, day, fingerprint);
}

/** ?1: site, ?2: JSON array of days. */
const FORGET = "DELETE FROM gap_days WHERE site_id = ?1 AND day IN (SELECT value FROM json_each(?2))";

/** Makes the days due for another scan. */
export function forgetFingerprints(db: D1Database, siteId: number, days: readonly number[]): D1PreparedStatement {
  return db.prepare(FORGET).bind(siteId, JSON.stringify(days));
}
