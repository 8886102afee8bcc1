import { DAY_MS, dayOf, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PlannedDay, SettleDay, SettleOutcome, SettleRun } from "../store/settle-days.ts";

/**
 * How far the front must have passed a day's end before the day is first due. Samples of its last minutes come late.
 */
const FIRST_AFTER_MS = 2 * HOUR_MS;

/** Minimum time between builds of a day for late samples. */
export const LATE_EVERY_MS = 6 * HOUR_MS;

/** Hours until a day is retried after its source did not answer; the last value repeats. */
const RETRY_HOURS = [1, 2, 4, 8, 12] as const;

/** A day's file, for a day without a row in `settle_days`. */
export interface KnownFile {
  readonly isDeleted: boolean;
  /** when the whole day was requested from the source, epoch ms; null: never */
  readonly provenAt: number | null;
}

/** The state that decides which days of a site are due. Times are epoch ms, days whole days since 1970. */
export interface SettleDays {
  readonly now: number;
  /**
   * the time up to which the site has served, and the sync has stored, all samples; null: no window of the sync has
   * ended yet
   */
  readonly front: number | null;
  /** the first day that the sync has fetched; null: unknown */
  readonly firstDay: number | null;
  readonly rows: readonly SettleDay[];
  /** days with samples in segments and in no file */
  readonly hot: ReadonlySet<number>;
  /** of days without a row */
  readonly files: ReadonlyMap<number, KnownFile>;
  /** the setting SETTLE_DAYS: days after a day's end, ascending */
  readonly offsets: readonly number[];
}

interface SettlePlan {
  /** rows to write first */
  readonly writes: readonly PlannedDay[];
  /** the day to build first; null: no day is due */
  readonly due: number | null;
}

/**
 * Computes which days of a site are due.
 * - Synced days that were never settled come first, because they are unproven; then the oldest day.
 * - A day whose last run failed keeps its place. It is due with the first due day if it precedes that day and was not
 * tried since that day became due.
 * - So each failed day is tried once, and does not delay the others.
 */
export function planSettling(site: SettleDays): SettlePlan {
  const { now, rows, hot, firstDay } = site;
  const known = new Map(rows.map((row) => [row.day, row]));
  const today = dayOf(now);
  const days = new Set([...hot].filter((day) => day < today));
  for (let day = firstDay ?? today; day < today; day++) days.add(day);
  const writes = [...days].flatMap((day) => {
    const row = known.get(day);
    return (row === undefined ? firstPlan(site, day) : latePlan(row, hot.has(day))) ?? [];
  });
  const planned = new Map<number, PlannedDay>([...known, ...writes.map((row) => [row.day, row] as const)]);
  const isBehind = ({ day, settledAt }: PlannedDay) => settledAt !== null || firstDay === null || day < firstDay;
  const inOrder = [...planned.values()].sort((a, b) => Number(isBehind(a)) - Number(isBehind(b)) || a.day - b.day);
  const first = inOrder.findIndex(({ dueAt }) => dueAt !== null && dueAt <= now);
  const due = inOrder[first];
  if (due === undefined) return { writes, due: null };
  const ahead = inOrder.slice(0, first).find(({ day, ranAt }) => {
    return (known.get(day)?.attempts ?? 0) > 0 && ranAt !== null && ranAt < due.dueAt!;
  });
  return ahead === undefined
    ? { writes, due: due.day }
    : { writes: [...writes, { ...ahead, dueAt: now }], due: ahead.day };
}

/** The plan of a closed day without a row. @returns null if it is not due yet */
function firstPlan({ now, front, hot, files, offsets }: SettleDays, day: number): PlannedDay | null {
  const { end } = dayRange(day);
  const { isDeleted = false, provenAt = null } = files.get(day) ?? {};
  if (isDeleted && !hot.has(day)) return null;
  const none = { day, step: 0, settledAt: null, ranAt: null };
  // a backfill requested the whole day
  const proven = provenAt === null ? 0 : stepsBehind(offsets, day, provenAt);
  if (proven > 0) {
    const dueAt = hot.has(day) ? now : nextStepAt(offsets, day, proven);
    return { ...none, step: proven, settledAt: provenAt, dueAt };
  }
  const hasPassed = front !== null && front >= end + FIRST_AFTER_MS;
  return hasPassed || now >= end + (offsets[0] ?? 0) * DAY_MS ? { ...none, dueAt: now } : null;
}

/** @returns null if the row stays unchanged. Days with failed runs are retried anyway. */
function latePlan(row: SettleDay, isHot: boolean): PlannedDay | null {
  if (!isHot || row.instance !== null || row.attempts > 0) return null;
  const dueAt = (row.ranAt ?? 0) + LATE_EVERY_MS;
  return row.dueAt === null || row.dueAt > dueAt ? { ...row, dueAt } : null;
}

/** The number of offsets that have passed at a time. */
function stepsBehind(offsets: readonly number[], day: number, time: number): number {
  const { end } = dayRange(day);
  return offsets.filter((offset) => end + offset * DAY_MS <= time).length;
}

function nextStepAt(offsets: readonly number[], day: number, step: number): number | null {
  const offset = offsets[step];
  return offset === undefined ? null : dayRange(day).end + offset * DAY_MS;
}

/** Whether a run that starts at a time is the last one of its day. Only that one may prove the day empty. */
export function isLastStep(offsets: readonly number[], day: number, startedAt: number): boolean {
  return stepsBehind(offsets, day, startedAt) === offsets.length;
}

interface RunResult {
  readonly outcome: SettleOutcome;
  readonly reason: string | null;
  /** before the request to the source, epoch ms */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The row of a day after a run, with the time when it is due again. */
export function afterRun(
  offsets: readonly number[],
  row: Pick<SettleDay, "day" | "step" | "settledAt" | "attempts">,
  { outcome, reason, startedAt, endedAt }: RunResult,
): SettleRun {
  const { day, attempts } = row;
  const run = { outcome, reason, startedAt, endedAt, settledAt: row.settledAt };
  const behind = Math.max(row.step, stepsBehind(offsets, day, startedAt));
  switch (outcome) {
    case "segments-only":
    case "failed": {
      const hours = RETRY_HOURS[Math.min(attempts, RETRY_HOURS.length - 1)]!;
      return { ...run, step: row.step, dueAt: endedAt + hours * HOUR_MS, attempts: attempts + 1 };
    }
    case "suspect":
      return { ...run, step: behind, dueAt: nextStepAt(offsets, day, behind), attempts: 0 };
    case "settled":
    case "unchanged":
    case "awaiting": {
      // The first run counts as a step, even before the first offset.
      const made = Math.max(1, stepsBehind(offsets, day, startedAt));
      // A run between two steps skips none: the day had late samples.
      const isStep = row.step < made;
      const skipped = isStep && outcome === "unchanged" ? offsets.length - 1 : 0;
      // Late samples cancel a skip.
      const step = outcome === "settled" ? made : Math.max(row.step, made, skipped);
      const settledAt = outcome === "awaiting" ? row.settledAt : startedAt;
      // Only a run after the last offset may prove that the day is empty.
      const last = outcome === "awaiting" && behind < offsets.length ? offsets.length - 1 : step;
      return { ...run, step, dueAt: nextStepAt(offsets, day, Math.min(step, last)), attempts: 0, settledAt };
    }
  }
}
