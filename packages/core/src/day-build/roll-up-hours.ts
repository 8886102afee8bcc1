import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { rollUpDay } from "./roll-up-day.ts";

/** Hours per run. An hour of 4,583 points takes 6 of the 1,000 statements of an invocation. */
const MAX_HOURS_PER_RUN = 100;

/** An hourly cron may run for 15 minutes, and has other work first. */
const ROLL_UP_BUDGET_MS = 5 * 60_000;

/**
 * Days without a file, and the number of their due hours. ?1: site, ?2: start of the first hour that is not due yet.
 */
const DAYS_TO_ROLL_UP = `
SELECT h.hour / ${DAY_MS} AS day, count(*) AS hours FROM hot_hours h
WHERE h.site_id = ?1 AND h.hour < ?2 AND h.rolled_up_version IS NOT h.version
  AND NOT EXISTS (
    SELECT 1 FROM day_files f WHERE f.site_id = ?1 AND f.day = h.hour / ${DAY_MS} AND f.key IS NOT NULL
  )
GROUP BY 1 ORDER BY 1`;

const daysSchema = z.array(z.object({ day: z.int(), hours: z.int() }));

/** The result of a run. */
export interface RollUpRun {
  /** hours that are now rolled up */
  readonly rolledUp: number;
  /** rows of `block_days` that were written */
  readonly rowsChanged: number;
  /** hours that changed meanwhile, failed or were not reached; left to the next run */
  readonly remaining: number;
  /** hours that could not be read, and why */
  readonly failed: readonly { readonly hour: number; readonly reason: string }[];
}

/**
 * Rolls up a site's closed hours that are not rolled up or have changed since, the oldest day first. An unreadable hour
 * does not stop the others.
 * @param lookbackMs how long syncs still add to an hour after its end
 * @throws the error of D1, after retries; earlier days stay rolled up
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
