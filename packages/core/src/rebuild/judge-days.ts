import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayOf, dayText } from "../domain/day.ts";
import { logError } from "../telemetry/log.ts";
import { FORMULA_VERSION } from "../quality/point-day-quality.ts";
import { type JudgeContext, judgeStoredDay } from "./judge-stored-day.ts";

/** A hot day of 4,583 points takes 60 of the 1,000 statements of an invocation. */
const MAX_DAYS_PER_RUN = 6;

/** An hourly cron may run for 15 minutes, and has other work first. */
const JUDGE_BUDGET_MS = 4 * 60_000;

/**
 * Complete, ended days whose quality is missing or stale, the last one first. A day without samples or a proof by a
 * build counts once the sync's windows have passed all of it. ?1 site, ?2 the first day that has not ended, ?3 formula.
 */
const DAYS_TO_JUDGE = `
WITH RECURSIVE hot (day, hours, versions) AS (
  SELECT hour / ${DAY_MS}, count(*), sum(version) FROM hot_hours
  WHERE site_id = ?1 AND hour < ?2 * ${DAY_MS} GROUP BY 1
), watched (day) AS (
  SELECT max((watched_from + ${DAY_MS} - 1) / ${DAY_MS}, ?2 - 31) FROM sync_state
  WHERE site_id = ?1 AND watched_from IS NOT NULL
  UNION ALL SELECT day + 1 FROM watched WHERE day + 1 < ?2
), days (day) AS (
  SELECT day FROM hot
  UNION SELECT day FROM day_files WHERE site_id = ?1 AND day < ?2 AND state IN ('written', 'confirmed-empty')
  UNION SELECT day FROM watched WHERE day < ?2
)
SELECT d.day FROM days d
LEFT JOIN hot h ON h.day = d.day
LEFT JOIN day_files f ON f.site_id = ?1 AND f.day = d.day
LEFT JOIN quality_days q ON q.site_id = ?1 AND q.day = d.day
LEFT JOIN sync_state y ON y.site_id = ?1
WHERE coalesce(f.state, '') NOT IN ('suspect', 'deleted') AND (f.source = 'api' OR y.watermark >= (d.day + 1) * ${DAY_MS})
  AND (q.day IS NULL OR q.formula <> ?3 OR q.etag IS NOT f.etag
    OR q.hot_hours <> coalesce(h.hours, 0) OR q.hot_versions <> coalesce(h.versions, 0))
ORDER BY d.day DESC`;

const daysSchema = z.array(z.object({ day: z.int() }));

/** The result of a run. */
export interface JudgeRun {
  /** days that are now judged */
  readonly judged: number;
  /** rows of `block_days` that were written */
  readonly rowsChanged: number;
  /** days that changed meanwhile, failed or were not reached; the next run judges them */
  readonly remaining: number;
  /** days whose samples could not be read, and why */
  readonly failed: readonly { readonly day: string; readonly reason: string }[];
}

/**
 * Computes the quality of a site's days that have ended, and of days whose samples have changed since. An unreadable
 * day does not stop the others.
 * @param lookbackMs how long syncs still add to a day after its end
 * @throws the error of D1 if the days cannot be listed; earlier days stay judged
 */
export async function judgeDays(context: JudgeContext, siteId: number, lookbackMs: number): Promise<JudgeRun> {
  const { db, now } = context;
  const started = now();
  const statement = db.prepare(DAYS_TO_JUDGE).bind(siteId, dayOf(started - lookbackMs), FORMULA_VERSION);
  const { results } = await withD1Retry(() => statement.all());
  const due = daysSchema.parse(results);
  let judged = 0;
  let rowsChanged = 0;
  const failed: { day: string; reason: string }[] = [];
  for (const { day } of due) {
    if (judged === MAX_DAYS_PER_RUN || failed.length === MAX_DAYS_PER_RUN || now() - started >= JUDGE_BUDGET_MS) break;
    try {
      const done = await judgeStoredDay(context, siteId, day);
      if (done === null) continue;
      judged++;
      rowsChanged += done.changed;
    } catch (error) {
      logError("judge_failed", error, { siteId, day: dayText(day) });
      failed.push({ day: dayText(day), reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { judged, rowsChanged, remaining: due.length - judged, failed };
}
