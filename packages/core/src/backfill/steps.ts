import { logError } from "../telemetry/log.ts";

/** How often the engine repeats a failed step, and how long it lets a step run. */
export interface StepOptions {
  readonly retries: number;
  /** before the first retry, then doubling, in milliseconds */
  readonly backoffMs: number;
  /** in milliseconds */
  readonly timeoutMs: number;
}

/**
 * The parts of the durable engine that the backfill needs. The engine keeps a successful step's result and does not
 * repeat the step: after any crash the run continues at the first step without a result. So a step must be safe to
 * repeat, and every decision of a run must depend on results of steps.
 */
export interface Steps {
  /**
   * @param name the same in every replay, and unique in the run
   * @param step gets the number of the try, from 1; its result must be structured data
   * @throws {Error} the error of the last try; only its name and message are certain to arrive
   */
  do<T extends Rpc.Serializable<T>>(
    name: string,
    options: StepOptions,
    step: (attempt: number) => Promise<T>,
  ): Promise<T>;
}

/** Steps that request the upstream; their retries outlast an outage of a quarter of an hour. */
export const FETCH_STEP: StepOptions = { retries: 5, backoffMs: 30_000, timeoutMs: 1_800_000 };

/** Steps that use R2 and D1. */
export const STORE_STEP: StepOptions = { retries: 4, backoffMs: 5_000, timeoutMs: 600_000 };

/** Steps whose result no other step needs. */
const PROJECTION_STEP: StepOptions = { retries: 2, backoffMs: 2_000, timeoutMs: 60_000 };

/** Runs a step whose result no other step needs. A failure is logged, and a later step repairs it. */
export async function leniently(steps: Steps, name: string, step: () => Promise<void>): Promise<void> {
  try {
    await steps.do(name, PROJECTION_STEP, step);
  } catch (error) {
    logError("step_passed_over", error, { step: name });
  }
}
