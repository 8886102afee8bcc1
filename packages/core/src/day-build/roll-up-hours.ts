import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { rollUpDay } from "./roll-up-day.ts";

/** Hours of one run: one of 4,583 points takes 6 statements, of the 1,000 that an invocation may make. */
const MAX_HOURS_PER_RUN = 100;

/** An hourly cron may run for 15 minutes, and does other work before. */
const ROLL_UP_BUDGET_MS = 5 * 60_000;

/** Days without a file, and how many of their hours are due. ?1: site, ?2: the first start of an hour that is not due yet. */
const DAYS_TO_ROLL_UP = `
SELECT h.hour / ${DAY_MS} AS day, count(*) AS hours FROM hot_hours h
WHERE h.site_id = ?1 AND h.hour < ?2 AND h.rolled_up_version IS NOT h.version
  AND NOT EXISTS (
    SELECT 1 FROM day_files f WHERE f.site_id = ?1 AND f.day = h.hour / ${DAY_MS} AND f.key IS NOT NULL
  )
GROUP BY 1 ORDER BY 1`;

const daysSchema = z.array(z.object({ day: z.int(), hours: z.int() }));

/** What a run of the fold did. */
export interface RollUpRun {
  /** hours whose aggregates are in `block_days` now */
  readonly rolledUp: number;
  /** rows of `block_days` that were written */
  readonly rowsChanged: number;
  /** hours that changed while they were read, that failed or were not reached: the next run folds them */
  readonly remaining: number;
  /** hours that could not be read, and why */
  readonly failed: readonly { readonly hour: number; readonly reason: string }[];
}

/**
 * Folds a site's hours that have closed and are not rolledUp, or not any more, the oldest day first. An hour that holds a row
 * which cannot be read does not stop the others.
 * @param lookbackMs how long after its end an hour is still added to by every sync
 * @throws the error of D1, after retries; what was rolledUp before stays
 */
export async function rollUpHours(
  db: D1Database,
  siteId: number,
  lookbackMs: number,
  now: () => number,
): Promise<RollUpRun> {
  const started = now();
  const closed = started - lookbackMs;
  const { results } = await withD1Retry(() =>
    db
      .prepare(DAYS_TO_ROLL_UP)
      .bind(siteId, closed - HOUR_MS + 1)
      .all(),
  );
  const days = daysSchema.parse(results);
  let [taken, rolledUp, rowsChanged] = [0, 0, 0];
  const failed: { hour: number; reason: string }[] = [];
  for (const { day, hours } of days) {
    if (taken >= MAX_HOURS_PER_RUN || now() - started >= ROLL_UP_BUDGET_MS) break;
    taken += hours;
    const done = await rollUpDay(db, { siteId, day, closed, which: "withoutRollups" });
    if (done === null) continue;
    rolledUp += done.hours;
    rowsChanged += done.rows;
    failed.push(...done.failed);
  }
  const due = days.reduce((sum, { hours }) => sum + hours, 0);
  return { rolledUp, rowsChanged, remaining: Math.max(0, due - rolledUp), failed };
}
