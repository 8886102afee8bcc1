import { z } from "zod";
import { OUTLINE_COLUMNS, parseDayOutlines } from "../manifest/manifest.ts";
import { monthFilesStatement, parseMonthFiles } from "../manifest/month-files.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { MONTHS } from "../domain/month.ts";
import type { SiteMonths } from "./due-months.ts";

/** ?1: site. */
const OUTLINES = `SELECT ${OUTLINE_COLUMNS} FROM day_files WHERE site_id = ?1`;

/** ?1: site. */
const UNSETTLED = `
SELECT day FROM settle_days WHERE site_id = ?1 AND (due_at IS NOT NULL OR instance IS NOT NULL)
UNION SELECT hour / ${DAY_MS} FROM hot_hours WHERE site_id = ?1`;

const unsettledSchema = z.array(z.object({ day: z.int() }));

/** Reads all inputs of the decision which month of a site is built, in one transaction. */
export async function readSiteMonths(db: D1Database, siteId: number): Promise<Omit<SiteMonths, "now" | "keepsFiles">> {
  const [days, unsettled, months] = await withD1Retry(() =>
    db.batch([
      db.prepare(OUTLINES).bind(siteId),
      db.prepare(UNSETTLED).bind(siteId),
      monthFilesStatement(db, siteId, 0, MONTHS),
    ]),
  );
  return {
    days: parseDayOutlines(days?.results),
    unsettled: new Set(unsettledSchema.parse(unsettled?.results).map(({ day }) => day)),
    months: parseMonthFiles(months?.results),
  };
}
