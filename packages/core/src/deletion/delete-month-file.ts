import { monthFileKey } from "../r2/month-file-key.ts";
import { dropMonthFile } from "../manifest/write-month-files.ts";
import { monthOf } from "../domain/month.ts";

/** Makes readers use the day files of the day's month. Belongs to the batch that deletes samples of the day. */
export function forgetMonthFile(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return dropMonthFile(db, siteId, monthOf(day), null, null);
}

/**
 * Deletes the month's file, which holds the day's samples too; it is built again without them. Run it after that batch.
 */
export async function deleteMonthFile(bucket: Pick<R2Bucket, "delete">, site: string, day: number): Promise<void> {
  await bucket.delete(monthFileKey(site, monthOf(day)));
}
