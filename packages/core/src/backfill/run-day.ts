import type { DayBuild } from "../cold/staging.ts";
import { dayText } from "../domain/day.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import { logError } from "../telemetry/log.ts";
import type { DayBuilder } from "./day-builder.ts";
import { countRetriedStep, type DayOutcome, type JobDay, noteHours } from "./job-days.ts";
import { type InstanceTicket, isCurrent } from "./instance-store.ts";
import { FETCH_STEP, type StepOptions, type Steps, STORE_STEP } from "./steps.ts";

const HOURS = 24;

/** How often a day is merged again because another build published it meanwhile. */
const MAX_MERGES = 3;

export interface DayContext {
  readonly db: D1Database;
  readonly builder: DayBuilder;
  readonly ticket: InstanceTicket;
}

/** What a step came to: that its job was stopped or is another instance's, or its result. */
type StepResult<T> = { readonly stopped: true } | { readonly stopped: false; readonly result: T };

/** The job was stopped, or the site is another instance's: the day is dropped. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Builds one day, a step an hour, one to merge, one to publish. Nothing of it is left in `staging/` however it ends.
 * @returns what became of it, a failure included; null when the job was stopped, or the site is another instance's
 */
export async function runDay(steps: Steps, context: DayContext, of: DayBuild): Promise<DayOutcome | null> {
  const date = dayText(of.day);
  const { builder, db, ticket } = context;
  const jobDay: JobDay = { backfillId: ticket.backfillId, siteId: ticket.site.id, day: of.day };
  const rejected: RejectionCounts = {};
  const asked: number[] = [];
  let samples = 0;

  /** A step that is made only while the job runs; counts the tries that it takes. */
  async function guarded<T extends Rpc.Serializable<T>>(
    name: string,
    options: StepOptions,
    step: () => Promise<T>,
  ): Promise<T> {
    const outcome = await steps.do(`${date} ${name}`, options, async (attempt) => {
      if (!(await isCurrent(db, ticket))) return { stopped: true } satisfies StepResult<T>;
      if (attempt > 1) await countRetriedStep(db, jobDay);
      return { stopped: false, result: await step() } satisfies StepResult<T>;
    });
    if (outcome.stopped) throw new Stopped();
    return outcome.result;
  }

  /** Shows the progress; where that fails, the hour is fetched all the same. */
  async function showHours(hours: number, read: number): Promise<void> {
    try {
      await noteHours(db, jobDay, hours, read);
    } catch (error) {
      logError("progress_not_noted", error, { backfillId: ticket.backfillId, site: ticket.site.name, date });
    }
  }

  async function build(): Promise<DayOutcome> {
    for (let hour = 0; hour < HOURS; hour++) {
      const name = `hour ${String(hour).padStart(2, "0")}`;
      const counts = await guarded(name, FETCH_STEP, async () => {
        const fetched = await builder.fetchHour(of, hour);
        await showHours(hour + 1, samples + fetched.samples);
        return fetched;
      });
      samples += counts.samples;
      asked.push(counts.asked);
      addRejections(rejected, counts.rejected);
    }
    for (let merge = 1; merge <= MAX_MERGES; merge++) {
      const staged = await guarded(`merge ${merge}`, STORE_STEP, () => builder.mergeDay(of, asked));
      const published = await guarded(`publish ${merge}`, STORE_STEP, () => builder.publishDay(of, staged));
      if (published === null) continue;
      const { state: outcome, records, key, reason } = published;
      return { outcome, records, key, reason, rejected };
    }
    throw new Error(`other builds published the day ${MAX_MERGES} times while it was merged`);
  }

  try {
    return await build();
  } catch (error) {
    // Not for the instance that took over to find: a failure of one that is out of office is nobody's failure.
    const counts = await steps.do(`${date} discard`, STORE_STEP, async () => {
      await builder.discard(of);
      return isCurrent(db, ticket);
    });
    if (error instanceof Stopped || !counts) return null;
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", records: 0, key: null, reason, rejected };
  }
}
