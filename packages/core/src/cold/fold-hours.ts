import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { StoredRowError } from "../store/segment-body.ts";
import { foldHour } from "./fold-hour.ts";

/** An hour of 4,583 points takes 7 statements, of the 1,000 that an invocation may make. */
const HOURS_A_RUN = 100;

/** An hourly cron may run for 15 minutes, and does other work before. */
const FOLD_BUDGET_MS = 5 * 60_000;

/** Those of days that have a file are never folded. ?1: site, ?2 and ?3: range of starts, ?4: 1: folded ones too. */
const HOURS_TO_FOLD = `
SELECT h.hour, h.version FROM hot_hours h
WHERE h.site_id = ?1 AND h.hour >= ?2 AND h.hour < ?3 AND (?4 = 1 OR h.folded_version IS NOT h.version)
  AND NOT EXISTS (
    SELECT 1 FROM day_files f WHERE f.site_id = ?1 AND f.day = h.hour / 86400000 AND f.key IS NOT NULL
  )
ORDER BY h.hour`;

const hoursSchema = z.array(z.object({ hour: z.int(), version: z.int() }));

/** A site's hot hours, ascending, that begin in a range and of which the days have no file. */
export async function hoursToFold(
  db: D1Database,
  siteId: number,
  { start, end }: TimeRange,
  which: "unfolded" | "all",
): Promise<{ readonly hour: number; readonly version: number }[]> {
  const statement = db.prepare(HOURS_TO_FOLD).bind(siteId, start, end, which === "all" ? 1 : 0);
  const { results } = await withD1Retry(() => statement.all());
  return hoursSchema.parse(results);
}

/** What a run of the fold did. */
export interface FoldRun {
  /** hours whose aggregates are in `point_days` now */
  readonly folded: number;
  /** rows of `point_days` that were written */
  readonly rowsChanged: number;
  /** hours that changed while they were read, that failed or were not reached: the next run folds them */
  readonly remaining: number;
  /** hours that could not be read, and why */
  readonly failed: readonly { readonly hour: number; readonly reason: string }[];
}

/**
 * Folds a site's hours that have closed and are not folded, or not any more, oldest first. An hour that holds a row
 * which cannot be read does not stop the others.
 * @param lookbackMs how long after its end an hour is still added to by every sync
 * @throws the error of D1, after retries; what was folded before stays
 */
export async function foldHours(
  db: D1Database,
  siteId: number,
  lookbackMs: number,
  now: () => number,
): Promise<FoldRun> {
  const started = now();
  // a start before this is an hour that has ended, and all of the lookback with it
  const end = started - lookbackMs - HOUR_MS + 1;
  const due = await hoursToFold(db, siteId, { start: 0, end }, "unfolded");
  let folded = 0;
  let rowsChanged = 0;
  const failed: { hour: number; reason: string }[] = [];
  for (const hour of due.slice(0, HOURS_A_RUN)) {
    if (now() - started >= FOLD_BUDGET_MS) break;
    try {
      const done = await foldHour(db, { siteId, ...hour });
      if (done === null) continue;
      folded++;
      rowsChanged += done.changed;
    } catch (error) {
      if (!(error instanceof StoredRowError)) throw error;
      failed.push({ hour: hour.hour, reason: error.message });
    }
  }
  return { folded, rowsChanged, remaining: due.length - folded, failed };
}
