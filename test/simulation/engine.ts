import type { Process, World } from "./world.ts";

/** The status of an instance, in the engine's words. */
type Status = "running" | "complete" | "errored" | "terminated";

interface Instance {
  readonly id: string;
  readonly params: unknown;
  status: Status;
  error: string | null;
  /** JSON of each step's outcome */
  readonly steps: Map<string, string>;
  process: Process | null;
  /** processes that worked on the instance */
  lives: number;
}

interface StepConfig {
  readonly retries: { readonly limit: number; readonly delay: number };
  readonly timeout: number;
}

/** Runs an instance: the Worker's own Workflow class, in its own process. */
export type RunInstance = (process: Process, params: unknown, step: unknown) => Promise<unknown>;

/** Longest time until the engine notices that an instance's process died, in milliseconds. */
const NOTICED_AFTER_MS = 90_000;

/**
 * The parts of Cloudflare Workflows that the code uses:
 * - An id is used once.
 * - The engine keeps a step's success or failure. An instance whose process died runs again from these.
 * - A failed step is retried after a backoff.
 * - A step fails after its timeout, although its calls may still be running.
 */
export class SimulatedWorkflows {
  readonly instances = new Map<string, Instance>();
  readonly #world: World;
  readonly #run: RunInstance;

  constructor(world: World, run: RunInstance) {
    this.#world = world;
    this.#run = run;
  }

  /** The Workflow as bound to a process. */
  boundTo(process: Process) {
    const call = <T>(what: string, execute: () => T) => this.#world.io(process, "engine", what, execute);
    return {
      create: ({ id, params }: { readonly id: string; readonly params: unknown }) =>
        call(`create ${id}`, () => {
          if (this.instances.has(id)) throw new Error("(instance.already_exists) Instance already exists");
          const instance = {
            id,
            params: structuredClone(params),
            error: null,
            steps: new Map(),
            process: null,
            lives: 0,
          };
          const made: Instance = { ...instance, status: "running" };
          this.instances.set(id, made);
          this.#world.after(100, () => this.#live(made));
        }),
      get: (id: string) =>
        call(`get ${id}`, () => {
          const instance = this.instances.get(id);
          if (instance === undefined) throw new Error("(instance.not_found) Provided id does not exist");
          const status = () => {
            const error = instance.error === null ? {} : { error: { name: "Error", message: instance.error } };
            return { status: instance.status, ...error };
          };
          return { id, status: () => call(`status ${id}`, status) };
        }),
    };
  }

  get running(): Instance[] {
    return [...this.instances.values()].filter(({ status }) => status === "running");
  }

  /** Terminates an instance from outside. */
  terminate(instance: Instance): void {
    if (instance.status !== "running") return;
    this.#world.trace(`${instance.id} is terminated`);
    instance.status = "terminated";
    if (instance.process !== null) this.#world.kill(instance.process);
  }

  #live(instance: Instance): void {
    if (instance.status !== "running") return;
    instance.lives++;
    instance.process = this.#world.spawn(`${instance.id}#${instance.lives}`, async (process) => {
      process.onDeath.push(() => {
        const wait = process.sheltered ? 1_000 : this.#world.random.below(NOTICED_AFTER_MS);
        this.#world.after(wait, () => this.#live(instance));
      });
      try {
        await this.#run(process, instance.params, this.#stepsOf(instance, process));
        instance.status = "complete";
      } catch (error) {
        instance.status = "errored";
        instance.error = error instanceof Error ? error.message : String(error);
      }
    });
  }

  #stepsOf(instance: Instance, process: Process) {
    const world = this.#world;
    const keep = (name: string, outcome: { readonly result: unknown } | { readonly error: string }) =>
      world.io(process, "step", `kept ${name}`, () => {
        instance.steps.set(name, JSON.stringify(outcome));
      });
    return {
      do: async (
        name: string,
        { retries, timeout }: StepConfig,
        step: (c: { attempt: number }) => Promise<unknown>,
      ) => {
        for (let attempt = 1; !instance.steps.has(name); attempt++) {
          try {
            const result = await within(world, timeout, () => step({ attempt }));
            await keep(name, { result });
          } catch (error) {
            if (isFinal(error) || attempt > retries.limit) {
              await keep(name, { error: error instanceof Error ? error.message : String(error) });
            } else await world.sleep(retries.delay * 2 ** (attempt - 1));
          }
        }
        const outcome = JSON.parse(instance.steps.get(name) ?? "");
        if ("error" in outcome) throw new Error(outcome.error);
        return outcome.result;
      },
    };
  }
}

/** The engine recognises a permanent error by its name. */
function isFinal(error: unknown): boolean {
  return error instanceof Error && error.name === "NonRetryableError";
}

async function within<T>(world: World, ms: number, work: () => Promise<T>): Promise<T> {
  let cancel: () => void = () => undefined;
  const expired = new Promise<never>((_, reject) => {
    cancel = world.after(ms, () => reject(new Error(`Execution timed out after ${ms}ms`)));
  });
  try {
    return await Promise.race([work(), expired]);
  } finally {
    cancel();
  }
}
