import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

/**
 * The outcome of a run of a day:
 *
 * - `settled`: its file has the source's 24 hours, or the source confirmed that it is empty;
 * - `unchanged`: the same, and the source had nothing new;
 * - `awaiting`: the source has no samples of it yet;
 * - `segments-only`: the source did not answer, so the file has only the segments' samples;
 * - `suspect`: its file differs from what was written;
 * - `failed`: see the reason.
 */
export const SETTLE_OUTCOMES = ["settled", "unchanged", "awaiting", "segments-only", "suspect", "failed"] as const;
export type SettleOutcome = (typeof SETTLE_OUTCOMES)[number];

/** A row of `settle_days`; migrations/0001_schema.sql explains the columns. Times are epoch ms. */
export interface SettleDay {
  readonly day: number;
  readonly step: number;
  readonly dueAt: number | null;
  readonly settledAt: number | null;
  readonly ranAt: number | null;
  readonly attempts: number;
  readonly instance: string | null;
  readonly outcome: SettleOutcome | null;
  readonly reason: string | null;
}

const COLUMNS = "day, step, due_at, settled_at, ran_at, attempts, instance, outcome, reason";

const rowsSchema = z.array(
  z.object({
    day: z.int(),
    step: z.int(),
    due_at: z.int().nullable(),
    settled_at: z.int().nullable(),
    ran_at: z.int().nullable(),
    attempts: z.int(),
    instance: z.string().nullable(),
    outcome: z.enum(SETTLE_OUTCOMES).nullable(),
    reason: z.string().nullable(),
  }),
);

/** A site's rows of days in [from, to), ascending. */
export function settleDaysStatement(db: D1Database, siteId: number, from: number, to: number): D1PreparedStatement {
  return db
    .prepare(`SELECT ${COLUMNS} FROM settle_days WHERE site_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day`)
    .bind(siteId, from, to);
}

/** Parses the rows of {@link settleDaysStatement}. */
export function parseSettleDays(results: unknown): SettleDay[] {
  return rowsSchema.parse(results).map(({ due_at: dueAt, settled_at: settledAt, ran_at: ranAt, ...row }) => {
    return { ...row, dueAt, settledAt, ranAt };
  });
}

/** A site's rows of days in [from, to), ascending. */
export async function readSettleDays(db: D1Database, siteId: number, from: number, to: number): Promise<SettleDay[]> {
  const { results } = await withD1Retry(() => settleDaysStatement(db, siteId, from, to).all());
  return parseSettleDays(results);
}

/** When a day is due, as planned from what was read of it. */
export interface PlannedDay extends Pick<SettleDay, "day" | "step" | "dueAt" | "settledAt" | "ranAt"> {}

/**
 * Skips a row that changed after it was read, and one that is being built. ?1: site, ?2: JSON array of {@link
 * PlannedDay}.
 */
const PLAN = `
INSERT INTO settle_days (site_id, day, step, due_at, settled_at)
SELECT ?1, value ->> 'day', value ->> 'step', value ->> 'dueAt', value ->> 'settledAt' FROM json_each(?2) WHERE true
ON CONFLICT (site_id, day) DO UPDATE SET due_at = excluded.due_at
WHERE (due_at IS NULL OR due_at > excluded.due_at) AND instance IS NULL AND ran_at IS (
  SELECT p.value ->> 'ranAt' FROM json_each(?2) p WHERE p.value ->> 'day' = excluded.day
)`;

/** Stores when days are due. Safe to repeat. */
export async function planDays(db: D1Database, siteId: number, days: readonly PlannedDay[]): Promise<void> {
  if (days.length === 0) return;
  await withD1Retry(() => db.prepare(PLAN).bind(siteId, JSON.stringify(days)).run());
}

/** ?1: site, ?2: JSON array of days, ?3: now. */
const PASS_OVER = `
INSERT INTO settle_days (site_id, day, step, due_at) SELECT ?1, value, 0, ?3 FROM json_each(?2) WHERE true
ON CONFLICT (site_id, day) DO NOTHING`;

/**
 * Makes closed days due that the sync will not request. Run it in the transaction that moves the watermark beyond them.
 * A day with a row was closed when the row was made, so the source is asked for it anyway.
 */
export function passOverDays(
  db: D1Database,
  siteId: number,
  days: readonly number[],
  now: number,
): D1PreparedStatement {
  return db.prepare(PASS_OVER).bind(siteId, JSON.stringify(days), now);
}

/** ?1: site, ?2: JSON array of days, ?3: now. */
const REQUEST = `
INSERT INTO settle_days (site_id, day, step, due_at) SELECT ?1, value, 0, ?3 FROM json_each(?2) WHERE true
ON CONFLICT (site_id, day) DO UPDATE SET due_at = ?3`;

/** Makes closed days due now, regardless of earlier outcomes. A day that is being built is built again afterwards. */
export async function requestDays(db: D1Database, siteId: number, days: readonly number[], now: number): Promise<void> {
  await withD1Retry(() => db.prepare(REQUEST).bind(siteId, JSON.stringify(days), now).run());
}

/** The day of a site that is being built. */
export interface AppointedDay {
  readonly day: number;
  readonly instance: string;
}

const appointedSchema = z.array(z.object({ day: z.int(), instance: z.string() }));

function appointedStatement(db: D1Database, siteId: number): D1PreparedStatement {
  return db
    .prepare("SELECT day, instance FROM settle_days WHERE site_id = ?1 AND instance IS NOT NULL ORDER BY day LIMIT 1")
    .bind(siteId);
}

/** null: no day of the site is being built. */
export async function readAppointed(db: D1Database, siteId: number): Promise<AppointedDay | null> {
  const { results } = await withD1Retry(() => appointedStatement(db, siteId).all());
  return appointedSchema.parse(results)[0] ?? null;
}

/** ?1: site, ?2: day, ?3: instance, ?4: now. */
const APPOINT = `
UPDATE settle_days SET instance = ?3 WHERE site_id = ?1 AND day = ?2 AND due_at <= ?4
  AND NOT EXISTS (SELECT 1 FROM settle_days o WHERE o.site_id = ?1 AND o.instance IS NOT NULL)`;

/**
 * Assigns a due day to an instance, unless the site already has an assigned day. Of concurrent calls one succeeds. Safe
 * to repeat.
 * @returns the assigned instance and its day; null: the day is not due any more
 */
export async function appointDay(
  db: D1Database,
  siteId: number,
  { day, instance }: AppointedDay,
  now: number,
): Promise<AppointedDay | null> {
  const appoint = db.prepare(APPOINT).bind(siteId, day, instance, now);
  const [, appointed] = await withD1Retry(() => db.batch([appoint, appointedStatement(db, siteId)]));
  return appointedSchema.parse(appointed?.results)[0] ?? null;
}

/** ?1: site, ?2: day, ?3: instance. */
const MAY_GO_ON = `
SELECT 1 FROM settle_days d WHERE d.site_id = ?1 AND d.day = ?2 AND d.instance = ?3
  AND NOT EXISTS (SELECT 1 FROM sync_state y WHERE y.site_id = ?1 AND y.paused_at IS NOT NULL)`;

/** Whether an instance may continue: its day is still assigned to it, and the site is not paused. */
export async function mayGoOn(db: D1Database, siteId: number, { day, instance }: AppointedDay): Promise<boolean> {
  const statement = db.prepare(MAY_GO_ON).bind(siteId, day, instance);
  return (await withD1Retry(() => statement.first())) !== null;
}

/** What a run stores in its day's row. */
export interface SettleRun extends Pick<SettleDay, "step" | "dueAt" | "settledAt" | "attempts" | "outcome" | "reason"> {
  /** epoch ms */
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * A due time that was set after the run began stays. A day whose run failed is due no later than the site's other failed
 * days. Otherwise each of those, once due, would bring the older ones forward. ?1: site, ?2: day, ?3: instance.
 */
const RECORD = `
UPDATE settle_days SET step = ?4, due_at = CASE WHEN due_at > ?5 THEN due_at WHEN ?9 = 0 THEN ?6 ELSE min(?6, coalesce((
    SELECT min(o.due_at) FROM settle_days o WHERE o.site_id = ?1 AND o.day <> ?2 AND o.attempts > 0 AND o.due_at > ?8), ?6)) END, settled_at = ?7, ran_at = ?8, attempts = ?9,
  failing_since = CASE WHEN ?9 > 0 THEN coalesce(failing_since, due_at) END, outcome = ?10, reason = ?11, instance = NULL
WHERE site_id = ?1 AND day = ?2 AND instance = ?3`;

/**
 * Stores the outcome of a run and unassigns the day. Does nothing if the day is not assigned to the instance any more.
 */
export async function recordSettleRun(
  db: D1Database,
  siteId: number,
  { day, instance }: AppointedDay,
  run: SettleRun,
): Promise<void> {
  const { step, dueAt, settledAt, attempts, outcome, reason, startedAt, endedAt } = run;
  const statement = db
    .prepare(RECORD)
    .bind(siteId, day, instance, step, startedAt, dueAt, settledAt, endedAt, attempts, outcome, reason);
  await withD1Retry(() => statement.run());
}

/** Unassigns a day, which stays due. */
export async function releaseDay(db: D1Database, siteId: number, { day, instance }: AppointedDay): Promise<void> {
  const statement = db
    .prepare("UPDATE settle_days SET instance = NULL WHERE site_id = ?1 AND day = ?2 AND instance = ?3")
    .bind(siteId, day, instance);
  await withD1Retry(() => statement.run());
}

/** Deletes the row of a deleted day: it becomes due only if samples arrive. */
export async function forgetRun(db: D1Database, siteId: number, { day, instance }: AppointedDay): Promise<void> {
  const statement = db
    .prepare("DELETE FROM settle_days WHERE site_id = ?1 AND day = ?2 AND instance = ?3")
    .bind(siteId, day, instance);
  await withD1Retry(() => statement.run());
}

/** Add it to the batch that deletes a day: the instance that builds it stops, and no other is assigned. */
export function forgetDay(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  return db.prepare("DELETE FROM settle_days WHERE site_id = ?1 AND day = ?2").bind(siteId, day);
}
