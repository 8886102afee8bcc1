import type { DayBuild } from "../cold/staging.ts";
import { dayText } from "../domain/day.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import type { DayBuilder } from "./day-builder.ts";
import type { DayOutcome } from "./job-days.ts";
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
  const rejected: RejectionCounts = {};
  const spent = { apiCalls: 0, retries: 0, rejected };

  /** A step that is made only while the job runs; counts the tries that it took. */
  async function guarded<T extends Rpc.Serializable<T>>(
    name: string,
    options: StepOptions,
    step: () => Promise<T>,
  ): Promise<T> {
    const outcome = await steps.do(`${date} ${name}`, options, async (attempt) => {
      const result: StepResult<T> = (await isCurrent(db, ticket))
        ? { stopped: false, result: await step() }
        : { stopped: true };
      return { ...result, attempt };
    });
    spent.retries += outcome.attempt - 1;
    if (outcome.stopped) throw new Stopped();
    return outcome.result;
  }

  async function build(): Promise<DayOutcome> {
    for (let hour = 0; hour < HOURS; hour++) {
      const name = `hour ${String(hour).padStart(2, "0")}`;
      const counts = await guarded(name, FETCH_STEP, () => builder.fetchHour(of, hour));
      spent.apiCalls += counts.apiCalls;
      spent.retries += counts.retries;
      addRejections(rejected, counts.rejected);
    }
    for (let merge = 1; merge <= MAX_MERGES; merge++) {
      const staged = await guarded(`merge ${merge}`, STORE_STEP, () => builder.mergeDay(of));
      const published = await guarded(`publish ${merge}`, STORE_STEP, () => builder.publishDay(of, staged));
      if (published === null) continue;
      const { state: outcome, records, key, reason } = published;
      return { outcome, records, key, reason, ...spent };
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
    return { outcome: "failed", records: 0, key: null, reason, ...spent };
  }
}
