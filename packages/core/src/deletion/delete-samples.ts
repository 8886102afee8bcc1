import { deleteDay, removeLeftFiles, storedDays } from "./delete-day.ts";
import { sweepSegments } from "../day-build/sweep-segments.ts";
import { daysWithPoint } from "../rollups/read-file-points.ts";
import { deletePackedMonths, deletePointDay, deletePointRows, type PointDayOutcome } from "./delete-point-day.ts";
import type { PublishContext } from "../day-build/publish-day.ts";
import { DAY_MS, dayStart, dayText } from "../domain/day.ts";
import { forgetGaps } from "../gaps/forget-gaps.ts";
import { logError } from "../telemetry/log.ts";
import { forgetDeadLetters, forgetPointDeadLetters } from "../sync/dead-letters.ts";
import { deleteSiteRows } from "./site-rows.ts";

/** After this no other day is begun: the caller asks again. */
const RUN_BUDGET_MS = 10_000;
/** Days of one run, of the 1,000 statements that an invocation may make: deleting one takes 18, and 21 more where it is not settled. */
const MAX_DAYS_PER_RUN = 24;

export interface DeletionContext extends PublishContext {
  readonly kv: KVNamespace;
  /** a name that no build has had */
  readonly newBuild: () => string;
}

interface DeletedSite {
  readonly id: number;
  readonly name: string;
}

export interface DeletedDay {
  /** YYYY-MM-DD, UTC */
  readonly date: string;
  readonly outcome: PointDayOutcome | "failed";
  readonly reason: string | null;
}

/** What one run deleted. */
export interface Deletion {
  readonly days: readonly DeletedDay[];
  /** where the next run goes on: whole days since 1970; null: all is deleted */
  readonly nextDay: number | null;
}

/**
 * Deletes the samples of a site in days [first, last], a bounded number of days a run. The days stay known as `deleted`: neither a
 * sync nor a gap's repair brings them back, a backfill or an import does. Safe to repeat.
 */
export async function deleteRange(
  context: DeletionContext,
  site: DeletedSite,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<Deletion> {
  const { db, now } = context;
  const end = Math.min(last, first + MAX_DAYS_PER_RUN - 1);
  const range = { start: dayStart(first), end: dayStart(end + 1) };
  await forgetDeadLetters(db, site.id, range);
  const days: DeletedDay[] = [];
  const started = now();
  for (let day = first; day <= end; day++) {
    if (day > first && now() - started >= RUN_BUDGET_MS) break;
    await deleteStoredDay(context, site, day);
    days.push({ date: dayText(day), outcome: "deleted", reason: null });
  }
  const next = first + days.length;
  // behind the days: from now on nobody finds a gap in them
  await forgetGaps(db, site.id, { start: range.start, end: dayStart(next) }, now());
  return { days, nextDay: next > last ? null : next };
}

/**
 * Deletes all samples of a point, a bounded number of day files a run. Its name and unit stay in the catalogue. Safe to repeat.
 * @param from the day that an earlier run ended at; 0 at first
 */
export async function deletePoint(
  context: DeletionContext,
  site: DeletedSite,
  point: { readonly id: number; readonly name: string },
  from: number,
): Promise<Deletion> {
  const { db, now, newBuild } = context;
  const always = { start: 0, end: Number.POSITIVE_INFINITY };
  await deletePointRows(db, site.id, point.id);
  await forgetGaps(db, site.id, always, now(), ({ pointId }) => pointId === point.id);
  await forgetPointDeadLetters(db, site.id, point.name);
  // files that had the point alone: nothing in D1 tells of the point in them
  await removeLeftFiles(context, site);
  const started = now();
  const days: DeletedDay[] = [];
  const due = await daysWithPoint(db, point.id, from, MAX_DAYS_PER_RUN);
  for (const day of due) {
    if (days.length > 0 && now() - started >= RUN_BUDGET_MS) break;
    const build = { build: newBuild(), site, day };
    try {
      const outcome = await deletePointDay(context, build, point);
      days.push({ date: dayText(day), outcome, reason: outcome === "deleted" ? null : "its file was not rewritten" });
    } catch (error) {
      logError("delete_failed", error, { site: site.name, day: dayText(day) });
      const reason = error instanceof Error ? error.message : String(error);
      days.push({ date: dayText(day), outcome: "failed", reason });
    }
  }
  const last = due[days.length - 1];
  const isEnd = days.length === due.length && due.length < MAX_DAYS_PER_RUN;
  if (isEnd && (await daysWithPoint(db, point.id, 0, 1)).length === 0) await deletePackedMonths(db, point.id);
  return { days, nextDay: isEnd || last === undefined ? null : last + 1 };
}

/**
 * Deletes a site: all days of it, and when none is left its points, gaps, journal and counters. Its name and its pause stay, so that
 * nothing is synced. To be called for a paused site. Safe to repeat.
 */
export async function deleteSite(context: DeletionContext, site: DeletedSite, from: number): Promise<Deletion> {
  const { db, kv, now } = context;
  const started = now();
  const days: DeletedDay[] = [];
  const due = await storedDays(db, site.id, from, MAX_DAYS_PER_RUN);
  for (const day of due) {
    if (days.length > 0 && now() - started >= RUN_BUDGET_MS) break;
    await deleteStoredDay(context, site, day);
    days.push({ date: dayText(day), outcome: "deleted", reason: null });
  }
  if (days.length < due.length || due.length === MAX_DAYS_PER_RUN) return { days, nextDay: due[days.length - 1]! + 1 };
  // what a run left that died behind a day
  await sweepSegments(db, site.id);
  await deleteSiteRows(db, site.id, now());
  await kv.delete(`etl:last_sync_timestamp:${site.name}`);
  return { days, nextDay: null };
}

async function deleteStoredDay(context: DeletionContext, site: DeletedSite, day: number): Promise<void> {
  await deleteDay(context, site, day, context.now());
  await context.kv.delete(`backfill:day:${dayText(day).replaceAll("-", "")}:${site.name}`);
}

/** A range is deleted only where it ended so long before the watermark: what a sync asks for again is younger. */
export const DELETABLE_AFTER_MS = DAY_MS;
