import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";

/** The progress of settling a site. Days are whole days since 1970, times epoch ms. */
export interface SettleState {
  /** closed days that are due and that the source was never asked for completely */
  readonly awaiting: number;
  /** days that are due now */
  readonly due: number;
  /** null: none is due now */
  readonly oldestDue: number | null;
  /** when the first waiting day became due; a day whose runs fail waits since its first run; null: no day waits */
  readonly dueSince: number | null;
  /** when the source was last asked for a whole day; null: never */
  readonly lastSettledAt: number | null;
  /** the day that is being built; null: none */
  readonly building: number | null;
  /** days whose last run failed, or that have only the segments' samples */
  readonly failed: number;
}

/** ?1: site, ?2: now. */
const READ = `
SELECT count(*) FILTER (WHERE settled_at IS NULL AND due_at IS NOT NULL) AS awaiting,
  count(*) FILTER (WHERE due_at <= ?2) AS due,
  min(CASE WHEN due_at <= ?2 THEN day END) AS oldest_due,
  min(CASE WHEN due_at <= ?2 OR failing_since IS NOT NULL THEN coalesce(failing_since, due_at) END) AS due_since,
  max(settled_at) AS last_settled_at,
  min(CASE WHEN instance IS NOT NULL THEN day END) AS building,
  count(*) FILTER (WHERE due_at IS NOT NULL AND outcome IN ('failed', 'segments-only', 'suspect')) AS failed
FROM settle_days WHERE site_id = ?1`;

const stateSchema = z.object({
  awaiting: z.int(),
  due: z.int(),
  oldest_due: z.int().nullable(),
  due_since: z.int().nullable(),
  last_settled_at: z.int().nullable(),
  building: z.int().nullable(),
  failed: z.int(),
});

export async function readSettleState(db: D1Database, siteId: number, now: number): Promise<SettleState> {
  const row = stateSchema.parse(await withD1Retry(() => db.prepare(READ).bind(siteId, now).first()));
  const { oldest_due: oldestDue, due_since: dueSince, last_settled_at: lastSettledAt, ...state } = row;
  return { ...state, oldestDue, dueSince, lastSettledAt };
}

/**
 * Days that wait for a run, or have samples in segments and in no file. ?1: site, ?2: the first day that has not ended.
 */
const UNSETTLED = `
SELECT day FROM settle_days WHERE site_id = ?1 AND due_at IS NOT NULL
UNION SELECT hour / ${DAY_MS} FROM hot_hours WHERE site_id = ?1 AND hour < ?2 * ${DAY_MS} ORDER BY day`;

const daysSchema = z.array(z.object({ day: z.int() }));

/** The closed days of a site that are not finally settled, ascending. @param today the first day that has not ended */
export async function readUnsettledDays(db: D1Database, siteId: number, today: number): Promise<number[]> {
  const { results } = await withD1Retry(() => db.prepare(UNSETTLED).bind(siteId, today).all());
  return daysSchema.parse(results).map(({ day }) => day);
}
