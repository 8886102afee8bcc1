import { z } from "zod";
import { dayRange, dayText } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { logError } from "../telemetry/log.ts";
import { withD1Retry } from "../d1/retry.ts";
import { findBase } from "./day-base.ts";
import { DayFileChanged } from "./day-file-error.ts";
import { markFailed } from "./manifest.ts";
import { mergeDay } from "./merge-day.ts";
import { type PublishContext, publishDay } from "./publish-day.ts";
import { type FoldedRow, spillHotHour } from "./spill-hot-hour.ts";
import { type DayBuild, deleteStaging } from "./staging.ts";

/** What became of a day that was to be archived. */
export interface ArchivedDay {
  readonly site: string;
  /** YYYY-MM-DD, UTC */
  readonly day: string;
  /**
   * `archived`: its hot samples are in its file, and no longer hot; `nothing`: it has no hot samples; `conflict`: another
   * build was faster, the next archive takes what is left; `suspect` and `failed`: see `reason`, all stays hot
   */
  readonly outcome: "archived" | "nothing" | "conflict" | "suspect" | "failed";
  /** hot rows (points x hours) that were folded */
  readonly hotRows: number;
  /** samples of the day's file */
  readonly samples: number;
  /** bytes of the day's file */
  readonly bytes: number;
  readonly reason: string | null;
}

/**
 * ?1: site id, ?2 and ?3: whole hours since 1970, from and to. Steps from one stored hour to the next through the key.
 */
const HOT_HOURS = `
WITH RECURSIVE stored (hours) AS (
  SELECT min(hour_point) >> 20 FROM sample_hours WHERE hour_point >= ?2 << 20
  UNION ALL
  SELECT (SELECT min(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point >= (t.hours + 1) << 20)
  FROM stored t WHERE t.hours < ?3
)
SELECT t.hours FROM stored t WHERE t.hours < ?3 AND EXISTS (
  SELECT 1 FROM points p CROSS JOIN sample_hours x ON x.hour_point = (t.hours << 20) + p.id WHERE p.site_id = ?1
) ORDER BY t.hours`;

const hoursSchema = z.array(z.object({ hours: z.int() }));

/** The starts of the UTC hours of a range in which a site has hot samples, ascending, epoch ms. */
export async function hotHours(
  db: D1Database,
  siteId: number,
  range: { readonly start: number; readonly end: number },
): Promise<number[]> {
  const statement = db.prepare(HOT_HOURS).bind(siteId, range.start / HOUR_MS, range.end / HOUR_MS);
  const { results } = await withD1Retry(() => statement.all());
  return hoursSchema.parse(results).map((row) => row.hours * HOUR_MS);
}

/**
 * Folds the hot samples of a site's day into its file, and deletes exactly the hot rows that were folded. A sample that
 * comes meanwhile stays hot, for the next archive. Never throws: a day that fails stays hot, with its reason.
 */
export async function archiveDay(context: PublishContext, of: DayBuild): Promise<ArchivedDay> {
  const { db, bucket, now } = context;
  const none = { site: of.site.name, day: dayText(of.day), hotRows: 0, samples: 0, bytes: 0, reason: null };
  try {
    const result = await foldDay(context, of);
    return { ...none, ...result };
  } catch (error) {
    if (error instanceof DayFileChanged) {
      await Promise.allSettled([deleteStaging(bucket, of)]);
      return { ...none, outcome: "conflict" };
    }
    const reason = error instanceof Error ? error.message : String(error);
    logError("archive_failed", error, { site: of.site.name, day: none.day });
    // where these fail too, the sweep and the next archive remain
    await Promise.allSettled([deleteStaging(bucket, of), markFailed(db, of.site.id, of.day, reason, now())]);
    return { ...none, outcome: "failed", reason };
  }
}

async function foldDay(
  context: PublishContext,
  of: DayBuild,
): Promise<Partial<ArchivedDay> & Pick<ArchivedDay, "outcome">> {
  const { db, bucket } = context;
  const folded: FoldedRow[] = [];
  const hours: number[] = [];
  const base = await findBase(context, of, false);
  for (const start of await hotHours(db, of.site.id, dayRange(of.day))) {
    const rows = await spillHotHour(context, of, start);
    if (rows.length > 0) hours.push(new Date(start).getUTCHours());
    for (const row of rows) folded.push(row);
  }
  if (folded.length === 0) return { outcome: "nothing" };
  const staged = await mergeDay(context, of, { source: "d1", hours, base });
  const published = await publishDay(context, of, staged, folded);
  if (published === null) {
    await deleteStaging(bucket, of);
    return { outcome: "conflict" };
  }
  if (published.state === "suspect") return { outcome: "suspect", reason: published.reason };
  return {
    outcome: "archived",
    hotRows: folded.length,
    samples: published.records,
    bytes: staged.file?.bytes ?? 0,
  };
}
