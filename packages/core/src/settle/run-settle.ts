import type { AceClient } from "../ace/client.ts";
import type { SiteStore } from "../backfill/backfill-site.ts";
import type { DayBuilder } from "../backfill/day-builder.ts";
import { fetchCatalog } from "../backfill/fetch-catalog.ts";
import { type BuiltDay, runDay } from "../backfill/run-day.ts";
import { leniently, type Steps, STORE_STEP } from "../backfill/steps.ts";
import { type SettledDay, settleFromSegments } from "../day-build/settle-from-segments.ts";
import { findBase } from "../day-build/day-base.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { dayText } from "../domain/day.ts";
import {
  type AppointedDay,
  forgetRun,
  mayGoOn,
  readSettleDays,
  recordSettleRun,
  releaseDay,
  type SettleDay,
  type SettleOutcome,
} from "../store/settle-days.ts";
import { logError } from "../telemetry/log.ts";
import { afterRun, isLastStep } from "./due-days.ts";

export interface SettleContext extends SiteStore {
  readonly bucket: R2Bucket;
  readonly builder: DayBuilder;
  /** the day and its instance; the instance's id is also the build's */
  readonly appointed: AppointedDay;
  /** the setting SETTLE_DAYS: days after a day's end, ascending */
  readonly offsets: readonly number[];
  /** the setting HOT_DAYS: days whose row groups D1 keeps */
  readonly hotDays: number;
  /** whether the SITES setting pauses the site */
  readonly isPaused: boolean;
  readonly newClient: () => AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** Starts the instance of the site's next due day; safe to repeat. */
  readonly beginNext: () => Promise<void>;
}

/** The state that a run starts from. */
interface Start {
  readonly row: Pick<SettleDay, "day" | "step" | "settledAt" | "attempts">;
  /** epoch ms */
  readonly startedAt: number;
  readonly isDeleted: boolean;
  /** why a build must not use the present file; null: it may */
  readonly suspect: string | null;
}

/** The result of a run. */
type Result =
  | { readonly is: "done"; readonly outcome: SettleOutcome; readonly reason: string | null }
  /** the day is given to another instance, or its site is paused */
  | { readonly is: "stopped" }
  /** the day was deleted; its file holds only samples that came since */
  | { readonly is: "deleted" };

/**
 * Builds a closed day of a site from the source's 24 hours, its segments and its present file, and records when it is
 * due again. If the source does not answer, the day is built from its segments alone and stays due. A deleted day is
 * built from segments alone too, because the source would restore deleted samples.
 */
export async function runSettle(steps: Steps, context: SettleContext): Promise<void> {
  const { db, site, appointed, beginNext } = context;
  const start = await steps.do("begin", STORE_STEP, () => begin(context));
  const result = start === null ? ({ is: "stopped" } as const) : await settle(steps, context, start);
  const taken = start !== null && result.is === "done" ? { start, result } : null;
  await steps.do("record", STORE_STEP, async () => {
    if (taken !== null) {
      const { row, startedAt } = taken.start;
      const { outcome, reason } = taken.result;
      const run = { outcome, reason, startedAt, endedAt: context.now() };
      return recordSettleRun(db, site.id, appointed, afterRun(context.offsets, row, run));
    }
    return result.is === "deleted" ? forgetRun(db, site.id, appointed) : releaseDay(db, site.id, appointed);
  });
  if (result.is !== "stopped") await leniently(steps, "begin the next", beginNext);
}

async function begin(context: SettleContext): Promise<Start | null> {
  const { db, bucket, site, appointed, now } = context;
  const { day } = appointed;
  if (!(await isAllowed(context))) return null;
  const [row] = await readSettleDays(db, site.id, day, day + 1);
  if (row === undefined) return null;
  const base = await findBase({ db, bucket }, { build: appointed.instance, site, day }, false);
  const file = await readManifestDay(db, site.id, day);
  const { step, settledAt, attempts } = row;
  return {
    row: { day, step, settledAt, attempts },
    startedAt: now(),
    isDeleted: file !== null && file.deletedAt !== null,
    suspect: base.suspect,
  };
}

async function isAllowed({ db, site, appointed, isPaused }: SettleContext): Promise<boolean> {
  return !isPaused && (await mayGoOn(db, site.id, appointed));
}

async function settle(steps: Steps, context: SettleContext, start: Start): Promise<Result> {
  const { appointed, site } = context;
  try {
    if (start.suspect !== null) return { is: "done", outcome: "suspect", reason: start.suspect };
    if (start.isDeleted) {
      const settled = await settleSegments(steps, context);
      const isRolledUp = settled.outcome === "nothing" || settled.outcome === "settled";
      return isRolledUp ? { is: "deleted" } : resultOf(settled, null);
    }
    return await askSource(steps, context, start);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logError("settling_failed", error, { site: site.name, day: dayText(appointed.day) });
    return { is: "done", outcome: "failed", reason };
  }
}

async function askSource(steps: Steps, context: SettleContext, { row, startedAt }: Start): Promise<Result> {
  const { db, site, builder, appointed, offsets } = context;
  const { day, instance: build } = appointed;
  const guarded = { ...context, mayGoOn: () => isAllowed(context) };
  const noCatalog = await fetchCatalog(steps, guarded, { db, site });
  let unanswered = noCatalog;
  if (noCatalog === null) {
    const whenEmpty = isLastStep(offsets, day, startedAt) ? "confirm" : "await";
    const built = await runDay(steps, { builder, mayGoOn: guarded.mayGoOn, whenEmpty }, { build, site, day });
    if (built === null) return { is: "stopped" };
    switch (built.outcome) {
      case "awaiting":
        return { is: "done", outcome: "awaiting", reason: null };
      case "suspect":
        return { is: "done", outcome: "suspect", reason: built.reason };
      case "written":
      case "confirmed-empty": {
        return { is: "done", outcome: isNothingNew(row, built) ? "unchanged" : "settled", reason: null };
      }
      case "failed":
        unanswered = built.reason ?? "unknown";
    }
  }
  return resultOf(await settleSegments(steps, context), unanswered);
}

/**
 * Whether a run brought nothing new. At the first settling: the source added nothing to the segments. Later: neither
 * source nor segments added anything to the file. Never after failed runs, because one of them may have published new
 * samples.
 */
function isNothingNew({ settledAt, attempts }: Start["row"], { isUnchanged, found }: BuiltDay): boolean {
  return settledAt === null ? found === 0 : isUnchanged && attempts === 0;
}

/** Builds the day from its segments alone. */
function settleSegments(steps: Steps, context: SettleContext): Promise<Pick<SettledDay, "outcome" | "reason">> {
  const { db, bucket, site, appointed, hotDays, now } = context;
  return steps.do(`${dayText(appointed.day)} segments`, STORE_STEP, async () => {
    if (!(await isAllowed(context))) return { outcome: "conflict", reason: null } as const;
    const build = `${appointed.instance}-segments`;
    const { outcome, reason } = await settleFromSegments(
      { db, bucket, hotDays, now },
      { build, site, day: appointed.day },
    );
    return { outcome, reason };
  });
}

/** @param unanswered why the source did not answer; null: it was not requested */
function resultOf({ outcome, reason }: Pick<SettledDay, "outcome" | "reason">, unanswered: string | null): Result {
  switch (outcome) {
    case "settled":
      return { is: "done", outcome: "segments-only", reason: unanswered };
    case "suspect":
      return { is: "done", outcome: "suspect", reason };
    case "nothing":
    case "conflict":
      return { is: "done", outcome: "failed", reason: unanswered ?? "another build published the day first" };
    case "failed":
      return { is: "done", outcome: "failed", reason: unanswered === null ? reason : `${unanswered}; ${reason}` };
  }
}
