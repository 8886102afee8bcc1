import type { DayBuild } from "../r2/staging.ts";
import { dayText, HOURS_PER_DAY } from "../domain/day.ts";
import { addRejections, type RejectionCounts } from "../domain/rejection.ts";
import { logError } from "../telemetry/log.ts";
import type { DayBuilder } from "./day-builder.ts";
import { FETCH_STEP, type StepOptions, type Steps, STORE_STEP } from "./steps.ts";

/** How often a day is merged if other builds publish it meanwhile. */
const MAX_MERGES = 3;

export interface DayContext {
  readonly builder: DayBuilder;
  /** whether the build may go on; checked before each step */
  readonly mayGoOn: () => Promise<boolean>;
  /** `confirm`: a day without samples becomes confirmed-empty; `await`: samples may still come, so nothing is stored */
  readonly whenEmpty: "confirm" | "await";
  /** called when a step is repeated */
  readonly noteRetry?: () => Promise<void>;
  /** called after each fetched hour. @param hours fetched so far @param samples in these hours */
  readonly noteHours?: (hours: number, samples: number) => Promise<void>;
}

/** The result of building a day. */
export interface BuiltDay {
  readonly outcome: "written" | "confirmed-empty" | "awaiting" | "suspect" | "failed";
  /** samples in the day's file */
  readonly records: number;
  /** records that the upstream served and that were not stored */
  readonly rejected: RejectionCounts;
  /** the day file's object in R2; null: no file */
  readonly key: string | null;
  /** why the day failed or is suspect; null: neither */
  readonly reason: string | null;
  /** whether the file had the same content before */
  readonly isUnchanged: boolean;
  /** samples from the source that neither the segments nor the file had; null: unknown */
  readonly found: number | null;
}

/** The result of a step, or that the build may not go on. */
type StepResult<T> = { readonly stopped: true } | { readonly stopped: false; readonly result: T };

/** The build may not go on, so the day is dropped. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Builds one day: a step for each hour, one to merge, one to publish. Removes all of it from `staging/` however it
 * ends.
 * @returns its result, also for a failure; null if the build may not go on
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

  /** A failure to store progress does not stop the build. */
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
      // a deletion meanwhile stops the build before it publishes, or makes publishing fail
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
    throw new Error(`gave up after ${MAX_MERGES} merges: another build published the day during each`);
  }

  try {
    return await build();
  } catch (error) {
    // A failure of a replaced instance is not recorded, because its successor builds the day.
    const counts = await steps.do(`${date} discard`, STORE_STEP, async () => {
      await builder.discard(dayBuild);
      return mayGoOn();
    });
    if (error instanceof Stopped || !counts) return null;
    const reason = error instanceof Error ? error.message : String(error);
    return { ...nothing, outcome: "failed", reason };
  }
}
