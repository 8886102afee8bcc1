import type { StepOptions, Steps } from "../src/backfill/steps.ts";

/** The error that every dependency throws once a tested process is dead. */
export class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

/**
 * For tests: a durable engine in memory. It keeps the results of steps over the deaths of its process, replays the run
 * from them, makes failed steps again at once, and hands results over as data alone.
 */
export class MemoryEngine {
  /** JSON by the name of the step */
  readonly #results = new Map<string, string>();
  /** the tries of each step, those of dead processes too */
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
            // Nothing comes after a death.
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
