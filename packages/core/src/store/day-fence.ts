/** ?1: site, ?2: day, ?3: etag. */
const FENCE = `
SELECT CASE WHEN (SELECT etag FROM day_files WHERE site_id = ?1 AND day = ?2) IS ?3 THEN 1 ELSE json('changed') END`;
const FENCE_ERROR = "malformed JSON";

/**
 * Fails its batch if the day has another file than `etag` by then. It protects samples that were compared with that
 * file and must not replace its samples.
 * @param day whole days since 1970 @param etag null: the day had no file
 */
export function dayFence(db: D1Database, siteId: number, day: number, etag: string | null): D1PreparedStatement {
  return db.prepare(FENCE).bind(siteId, day, etag);
}

/** Whether a batch failed because of its {@link dayFence}, and wrote nothing. */
export function isFenced(error: unknown): boolean {
  return error instanceof Error && error.message.includes(FENCE_ERROR);
}
