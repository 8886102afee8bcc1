import { logError } from "../telemetry/log.ts";

/** How often the engine makes a failed step again, and how long it lets one take. */
export interface StepOptions {
  readonly retries: number;
  /** before the first retry, doubling after, in milliseconds */
  readonly backoffMs: number;
  /** in milliseconds */
  readonly timeoutMs: number;
}

/**
 * The parts of the durable engine that the backfill needs. A successful step is not repeated, and its result is kept:
 * after any crash the run continues at the first step without a result. So a step must be safe to repeat, and every
 * decision of a run must depend on results of steps.
 */
export interface Steps {
  /**
   * @param name the same in every replay, and of no other step of the run
   * @param step is given the number of the try, from 1; what it gives back must be structured data
   * @throws {Error} what the last try threw; of that error only name and message are sure to arrive
   */
  do<T extends Rpc.Serializable<T>>(
    name: string,
    options: StepOptions,
    step: (attempt: number) => Promise<T>,
  ): Promise<T>;
}

/** Steps that ask the upstream: an outage of a quarter of an hour passes unseen. */
export const FETCH_STEP: StepOptions = { retries: 5, backoffMs: 30_000, timeoutMs: 1_800_000 };

/** Steps that work on R2 and D1. */
export const STORE_STEP: StepOptions = { retries: 4, backoffMs: 5_000, timeoutMs: 600_000 };

/** Steps that nothing depends on. */
const PROJECTION_STEP: StepOptions = { retries: 2, backoffMs: 2_000, timeoutMs: 60_000 };

/** A step that nothing depends on: its failure is logged, and a later step repairs it. */
export async function leniently(steps: Steps, name: string, step: () => Promise<void>): Promise<void> {
  try {
    await steps.do(name, PROJECTION_STEP, step);
  } catch (error) {
    logError("step_passed_over", error, { step: name });
  }
}
