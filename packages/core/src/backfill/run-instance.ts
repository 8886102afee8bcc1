import type { AceClient } from "../ace/client.ts";
import { markFailed } from "../manifest/write-manifest.ts";
import { dayText } from "../domain/day.ts";
import { logError } from "../telemetry/log.ts";
import type { SiteStore } from "./backfill-site.ts";
import type { DayBuilder } from "./day-builder.ts";
import { fetchCatalog } from "./fetch-catalog.ts";
import { countRetriedStep, type DayOutcome, noteHours, pendingDays, recordOutcome } from "./job-days.ts";
import { appointNext, instanceName, type InstanceTicket, isCurrent } from "./instance-store.ts";
import { failJob, finishJob } from "./job-store.ts";
import { projectDay, projectState } from "./projection.ts";
import { readProgress } from "./progress.ts";
import { runDay } from "./run-day.ts";
import { leniently, type Steps, STORE_STEP } from "./steps.ts";

/**
 * Days of one site per instance. A day of 10,000 points takes 470 D1 statements and 2,400 subrequests. D1 allows 1,000
 * statements and Workflows 10,000 subrequests an instance. The rest is for retries (run-instance.cost.test.ts).
 */
export const MAX_DAYS_PER_INSTANCE = 1;

/**
 * Days that one instance fails if the site's database does not answer. Trying the database takes a quarter of an hour,
 * failing a day no time.
 */
const MAX_LOST_DAYS_PER_INSTANCE = 10;

/** Where a site's days are built. */
interface Destination {
  readonly builder: DayBuilder;
  /** the site's own database; absent: the database that holds the jobs */
  readonly stored?: SiteStore;
}

export interface InstanceContext {
  /** the database that holds the jobs */
  readonly db: D1Database;
  readonly ticket: InstanceTicket;
  /** `lost`: why the site's database is unknown; its days fail with this reason */
  readonly destination: Destination | { readonly lost: string };
  /** the maximum of days that the instance builds: {@link MAX_DAYS_PER_INSTANCE} */
  readonly maxDays: number;
  readonly kv: KVNamespace;
  readonly newClient: () => AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** Starts the instance with this number, which continues after this one; safe to repeat. */
  readonly start: (number: number) => Promise<void>;
  /** Begins the next queued start, because the job may have ended; safe to repeat. */
  readonly beginNext: () => Promise<void>;
}

/**
 * Processes the next days of one site of a job. Then it starts the next instance, or ends the job after the last day of
 * its last site. If the site's own database does not answer, its days fail and the job goes on. If another step fails,
 * the job fails with that reason.
 */
export async function runInstance(steps: Steps, context: InstanceContext): Promise<void> {
  const { db, ticket, now } = context;
  try {
    await dealWithDays(steps, context);
  } catch (error) {
    logError("backfill_failed", error, { backfillId: ticket.backfillId, site: ticket.site.name });
    const reason = `${ticket.site.name}: ${messageOf(error)}`;
    await steps.do("fail the job", STORE_STEP, async () => {
      if (await isCurrent(db, ticket)) await failJob(db, ticket, reason, now());
    });
    await afterJob(steps, context);
  }
}

async function dealWithDays(steps: Steps, context: InstanceContext): Promise<void> {
  const { db, kv, destination, ticket, now } = context;
  const { site } = ticket;
  const maxDays = "lost" in destination ? MAX_LOST_DAYS_PER_INSTANCE : context.maxDays;
  const days = await steps.do("choose the days", STORE_STEP, async () =>
    (await isCurrent(db, ticket)) ? pendingDays(db, ticket, site.id, maxDays) : null,
  );
  if (days === null) return;
  const build =
    "lost" in destination
      ? () => Promise.resolve(failed(destination.lost))
      : await prepare(steps, context, destination, days);
  for (const day of days) {
    const outcome = await build(day);
    if (outcome === null) return;
    const date = dayText(day);
    const at = await record(steps, context, day, outcome);
    const siteDay = { backfillId: ticket.backfillId, site: site.name, day };
    await leniently(steps, `${date} project`, () => projectDay(db, kv, siteDay, outcome, at));
  }

  const isLast = await steps.do("go on", STORE_STEP, async () => {
    const [pending] = await pendingDays(db, ticket, site.id, 1);
    if (pending === undefined) {
      await finishJob(db, ticket, now());
      return true;
    }
    const next = ticket.number + 1;
    if ((await appointNext(db, ticket, site.id, ticket.number, now())) === next) await context.start(next);
    return false;
  });
  if (isLast) await afterJob(steps, context);
}

/** @returns what builds a day; its result is null if another instance has taken over */
async function prepare(
  steps: Steps,
  context: InstanceContext,
  { builder, stored }: Destination,
  days: readonly number[],
): Promise<(day: number) => Promise<DayOutcome | null>> {
  const { db, ticket } = context;
  if (ticket.number > 0) await steps.do("tidy up", STORE_STEP, () => builder.discardOlder(ticket));
  const store = stored ?? { db, site: ticket.site };
  const mayGoOn = () => isCurrent(db, ticket);
  const noCatalog = days.length === 0 ? null : await fetchCatalog(steps, { ...context, mayGoOn }, store);
  if (noCatalog !== null) return () => Promise.resolve(failed(noCatalog));
  const build = instanceName(ticket);
  return async (day) => {
    const jobDay = { backfillId: ticket.backfillId, siteId: ticket.site.id, day };
    const dayContext = {
      builder,
      mayGoOn,
      whenEmpty: "confirm",
      noteRetry: () => countRetriedStep(db, jobDay),
      noteHours: (hours: number, samples: number) => noteHours(db, jobDay, hours, samples),
    } as const;
    const built = await runDay(steps, dayContext, { build, site: store.site, day });
    if (built === null) return null;
    const { outcome, records, rejected, key, reason } = built;
    if (outcome === "awaiting") throw new Error("runDay returned 'awaiting' although whenEmpty is 'confirm'");
    return { outcome, records, rejected, key, reason };
  };
}

/** Records a day's outcome. @returns when, epoch ms */
async function record(steps: Steps, context: InstanceContext, day: number, outcome: DayOutcome): Promise<number> {
  const { db, destination, ticket, now } = context;
  const { backfillId, site } = ticket;
  const date = dayText(day);
  const stored = "lost" in destination ? undefined : destination.stored;
  const isHere = !("lost" in destination) && (stored === undefined || stored.db === db);
  if (stored !== undefined && !isHere && outcome.outcome === "failed") {
    const reason = outcome.reason ?? "unknown";
    try {
      await steps.do(`${date} mark`, STORE_STEP, () => markFailed(stored.db, stored.site.id, day, reason, now()));
    } catch (error) {
      // The day may have failed because of this database; a retry finds the day in the job.
      logError("failure_not_marked", error, { backfillId, site: site.name, date });
    }
  }
  return steps.do(`${date} record`, STORE_STEP, async () => {
    const finishedAt = now();
    const manifest = isHere ? { db, siteId: site.id } : null;
    await recordOutcome(db, backfillId, site.id, day, outcome, finishedAt, manifest);
    return finishedAt;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(reason: string): DayOutcome {
  return { outcome: "failed", records: 0, rejected: {}, key: null, reason };
}

/** If this stops in between, the supervisor begins the next start. */
async function afterJob(steps: Steps, { db, kv, beginNext }: InstanceContext): Promise<void> {
  await leniently(steps, "begin the next", beginNext);
  await leniently(steps, "project the end", async () => {
    const progress = await readProgress(db);
    if (progress !== null) await projectState(kv, progress);
  });
}
