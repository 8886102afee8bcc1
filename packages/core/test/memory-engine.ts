import type { StepOptions, Steps } from "../src/backfill/steps.ts";

/** The error that every dependency throws after the tested process died. */
export class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

/**
 * For tests: a durable engine in memory.
 * - It keeps the results of steps when its process dies, and replays the run from them.
 * - It retries failed steps at once.
 * - It passes results on as JSON only.
 */
export class MemoryEngine {
  /** JSON by step name */
  readonly #results = new Map<string, string>();
  /** attempts of each step, those of dead processes included */
  readonly tries = new Map<string, number>();

  /** A copy of this engine with the same progress. */
  copy(): MemoryEngine {
    const copy = new MemoryEngine();
    for (const [name, result] of this.#results) copy.#results.set(name, result);
    return copy;
  }

  /** @returns true when the run ended, false when its process died */
  async run(body: (steps: Steps) => Promise<void>): Promise<boolean> {
    const died = Promise.withResolvers<false>();
    const stepsTaken = new Set<string>();
    const steps: Steps = {
      do: async (name, options, step) => {
        if (stepsTaken.has(name)) throw new Error(`two steps of a run are called ${name}`);
        stepsTaken.add(name);
        if (!this.#results.has(name)) {
          try {
            this.#results.set(name, JSON.stringify({ result: await this.#try(name, options, step) }));
          } catch (error) {
            if (!(error instanceof ProcessDied)) throw error;
            died.resolve(false);
            // A dead process runs no more steps.
            await new Promise(() => undefined);
          }
        }
        return JSON.parse(this.#results.get(name)!).result;
      },
    };
    return Promise.race([body(steps).then(() => true), died.promise]);
  }

  async #try<T>(name: string, options: StepOptions, step: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      this.tries.set(name, (this.tries.get(name) ?? 0) + 1);
      try {
        return await step(attempt);
      } catch (error) {
        if (error instanceof ProcessDied || attempt > options.retries) throw error;
      }
    }
  }
}
