import type { DayBuild } from "../r2/staging.ts";
import { dayText, HOURS_PER_DAY } from "../domain/day.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import { logError } from "../telemetry/log.ts";
import type { DayBuilder } from "./day-builder.ts";
import { FETCH_STEP, type StepOptions, type Steps, STORE_STEP } from "./steps.ts";

/** How often a day is merged again because another build published it meanwhile. */
const MAX_MERGES = 3;

export interface DayContext {
  readonly builder: DayBuilder;
  /** whether the build may still go on; asked before each step */
  readonly mayGoOn: () => Promise<boolean>;
  /** `confirm`: a day that has no samples is noted as empty for good; `await`: it may get some, so nothing is noted */
  readonly whenEmpty: "confirm" | "await";
  /** told of a step that is made again */
  readonly noteRetry?: () => Promise<void>;
  /** told of each hour that was fetched. @param hours fetched so far @param samples in them */
  readonly noteHours?: (hours: number, samples: number) => Promise<void>;
}

/** What became of a day. */
export interface BuiltDay {
  readonly outcome: "written" | "confirmed-empty" | "awaiting" | "suspect" | "failed";
  /** samples of the day's file */
  readonly records: number;
  /** records that the upstream served and that are not stored */
  readonly rejected: RejectionCounts;
  /** the day file's object in R2; null: none */
  readonly key: string | null;
  /** why it failed or is suspect; null: neither */
  readonly reason: string | null;
  /** whether the file had this content before */
  readonly isUnchanged: boolean;
  /** samples that the source had, and neither the segments nor the file before; null: unknown */
  readonly found: number | null;
}

/** What a step came to: that the build may not go on, or its result. */
type StepResult<T> = { readonly stopped: true } | { readonly stopped: false; readonly result: T };

/** The build may not go on: the day is dropped. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Builds one day, a step an hour, one to merge, one to publish. Nothing of it is left in `staging/` however it ends.
 * @returns what became of it, a failure included; null when the build may not go on
 */
export async function runDay(steps: Steps, context: DayContext, dayBuild: DayBuild): Promise<BuiltDay | null> {
  const date = dayText(dayBuild.day);
  const { builder, mayGoOn, whenEmpty, noteRetry, noteHours } = context;
  const rejected: RejectionCounts = {};
  const asked: number[] = [];
  const nothing = { records: 0, key: null, rejected, isUnchanged: false, found: null };
  let samples = 0;

  async function guarded<T extends Rpc.Serializable<T>>(
    name: string,
    options: StepOptions,
    step: () => Promise<T>,
  ): Promise<T> {
    const outcome = await steps.do(`${date} ${name}`, options, async (attempt) => {
      if (!(await mayGoOn())) return { stopped: true } satisfies StepResult<T>;
      if (attempt > 1) await noteRetry?.();
      return { stopped: false, result: await step() } satisfies StepResult<T>;
    });
    if (outcome.stopped) throw new Stopped();
    return outcome.result;
  }

  /** A progress that cannot be noted does not stop the build. */
  async function showHours(hours: number, read: number): Promise<void> {
    try {
      await noteHours?.(hours, read);
    } catch (error) {
      logError("progress_not_noted", error, { site: dayBuild.site.name, date });
    }
  }

  async function build(): Promise<BuiltDay> {
    for (let hour = 0; hour < HOURS_PER_DAY; hour++) {
      const name = `hour ${String(hour).padStart(2, "0")}`;
      const counts = await guarded(name, FETCH_STEP, async () => {
        const fetched = await builder.fetchHour(dayBuild, hour);
        await showHours(hour + 1, samples + fetched.samples);
        return fetched;
      });
      samples += counts.samples;
      asked.push(counts.asked);
      addRejections(rejected, counts.rejected);
    }
    for (let merge = 1; merge <= MAX_MERGES; merge++) {
      // a deletion meanwhile stops the build before it publishes, or fails the publishing
      const staged = await guarded(`merge ${merge}`, STORE_STEP, () => builder.mergeDay(dayBuild, asked));
      if (staged.file === null && staged.suspect === null && whenEmpty === "await") {
        await steps.do(`${date} await`, STORE_STEP, () => builder.discard(dayBuild));
        return { ...nothing, outcome: "awaiting", reason: null };
      }
      const published = await guarded(`publish ${merge}`, STORE_STEP, () => builder.publishDay(dayBuild, staged));
      if (published === null) continue;
      const { state: outcome, records, key, reason } = published;
      const isUnchanged = staged.file !== null && staged.file.etag !== null;
      return { outcome, records, key, reason, rejected, isUnchanged, found: staged.found };
    }
    throw new Error(`other builds published the day ${MAX_MERGES} times while it was merged`);
  }

  try {
    return await build();
  } catch (error) {
    // Not for the instance that took over to find: a failure of one that is out of office is nobody's failure.
    const counts = await steps.do(`${date} discard`, STORE_STEP, async () => {
      await builder.discard(dayBuild);
      return mayGoOn();
    });
    if (error instanceof Stopped || !counts) return null;
    const reason = error instanceof Error ? error.message : String(error);
    return { ...nothing, outcome: "failed", reason };
  }
}
