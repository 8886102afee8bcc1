/** ?1: site, ?2: day, ?3: etag. */
const FENCE = `
SELECT CASE WHEN (SELECT etag FROM day_files WHERE site_id = ?1 AND day = ?2) IS ?3 THEN 1 ELSE json('changed') END`;
const FENCE_ERROR = "malformed JSON";

/**
 * Lets the batch that it is in fail where a day has another file by then: for samples that must not be laid over what a
 * file has, and were compared with that of this etag.
 * @param day whole days since 1970 @param etag null: it had none
 */
export function dayFence(db: D1Database, siteId: number, day: number, etag: string | null): D1PreparedStatement {
  return db.prepare(FENCE).bind(siteId, day, etag);
}

/** Whether a batch failed for its {@link dayFence}; nothing of it was written. */
export function isFenced(error: unknown): boolean {
  return error instanceof Error && error.message.includes(FENCE_ERROR);
}
