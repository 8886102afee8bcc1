import { monthFileKey } from "../r2/month-file-key.ts";
import { dropMonthFile } from "../manifest/write-month-files.ts";
import { monthOf } from "../domain/month.ts";

/** Lets readers take the days of a day's month from their own files. Belongs into the batch that deletes samples of the day. */
export function forgetMonthFile(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return dropMonthFile(db, siteId, monthOf(day), null, null);
}

/** Deletes the month's file, which has samples of the day too; it is built anew without them. To run behind that batch. */
export async function deleteMonthFile(bucket: Pick<R2Bucket, "delete">, site: string, day: number): Promise<void> {
  await bucket.delete(monthFileKey(site, monthOf(day)));
}
