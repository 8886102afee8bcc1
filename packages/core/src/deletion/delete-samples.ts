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

/** No further day is begun after this time; the caller repeats the request. */
const RUN_BUDGET_MS = 10_000;
/**
 * Days of one run. An invocation may make 1,000 statements; deleting a day takes 18, and 21 more if it is not settled.
 */
const MAX_DAYS_PER_RUN = 24;

export interface DeletionContext extends PublishContext {
  readonly kv: KVNamespace;
  /** returns a name that no build has had */
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

/** The result of one run. */
export interface Deletion {
  readonly days: readonly DeletedDay[];
  /** where the next run continues: whole days since 1970; null: everything is deleted */
  readonly nextDay: number | null;
}

/**
 * Deletes a site's samples in the days [first, last], a bounded number of days a run. The days stay known as `deleted`:
 * no sync or gap repair restores them, but a backfill or an import does. Safe to repeat.
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
  // after the days, so that no later scan finds a gap in them
  await forgetGaps(db, site.id, { start: range.start, end: dayStart(next) }, now());
  return { days, nextDay: next > last ? null : next };
}

/**
 * Deletes all samples of a point, a bounded number of day files a run. Its name and unit stay in the catalogue. Safe to
 * repeat.
 * @param from the next day of an earlier run; 0 at first
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
  // left files with only this point: no row in D1 connects them to the point
  await removeLeftFiles(context, site);
  const started = now();
  const days: DeletedDay[] = [];
  const due = await daysWithPoint(db, point.id, from, MAX_DAYS_PER_RUN);
  for (const day of due) {
    if (days.length > 0 && now() - started >= RUN_BUDGET_MS) break;
    const build = { build: newBuild(), site, day };
    try {
      const outcome = await deletePointDay(context, build, point);
      days.push({
        date: dayText(day),
        outcome,
        reason: outcome === "deleted" ? null : "the day's file was not rewritten",
      });
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
 * Deletes a site: all its days, and after the last one its points, gaps, journal and counters. Its name and its pause
 * stay, so that no sync begins. Call it only for a paused site. Safe to repeat.
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
  // segments left by a run that died after a day's transaction
  await sweepSegments(db, site.id);
  await deleteSiteRows(db, site.id, now());
  await kv.delete(`etl:last_sync_timestamp:${site.name}`);
  return { days, nextDay: null };
}

async function deleteStoredDay(context: DeletionContext, site: DeletedSite, day: number): Promise<void> {
  await deleteDay(context, site, day, context.now());
  await context.kv.delete(`backfill:day:${dayText(day).replaceAll("-", "")}:${site.name}`);
}

/**
 * A range may be deleted only if it ended this long before the watermark, because syncs request younger samples again.
 */
export const DELETABLE_AFTER_MS = DAY_MS;
