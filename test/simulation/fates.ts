import type { Random } from "../fuzz/random.ts";

/** The services that a process calls. */
export type Service = "d1" | "r2" | "kv" | "upstream" | "engine" | "step";

/**
 * The fate of a call:
 * - `refused`: it fails, and nothing was done.
 * - `answer lost`: it was done, and fails.
 * - `dies`: the process ends for good, before or after the call was done.
 */
export type Fate = "done" | "refused" | "answer lost" | "dies before" | "dies after";

/** Errors in the platform's words. D1's first error may be retried. */
const ERRORS: Record<Service, readonly [string, ...string[]]> = {
  d1: ["D1_ERROR: Network connection lost.", "D1_ERROR: internal error; reference = 7f3a"],
  r2: ["put: We encountered an internal error. Please try again. (10001)"],
  kv: ["KV PUT failed: 429 Too Many Requests"],
  upstream: ["fetch failed"],
  engine: ["(instance.internal_error) The Workflows engine did not answer"],
  step: ["(instance.internal_error) The Workflows engine did not answer"],
};

/** Usual duration of a call, in milliseconds. */
const LATENCY: Record<Service, number> = { d1: 40, r2: 120, kv: 60, upstream: 1_500, engine: 200, step: 30 };

/** The kinds and frequencies of faults in a world. Each seed draws its own. */
export class Fates {
  readonly #random: Random;
  /** all are shares of 1 */
  readonly failures: number;
  readonly deaths: number;
  readonly stalls: number;
  /** share of the upstream's answers after which a process stops, so that others request and store meanwhile */
  readonly stragglers: number;

  constructor(random: Random) {
    this.#random = random;
    this.failures = random.pick([0, 0.005, 0.02, 0.08]);
    this.deaths = random.pick([0, 0.002, 0.01]);
    this.stalls = random.pick([0, 0.01, 0.05]);
    this.stragglers = random.pick([0, 0.03, 0.15, 0.3]);
  }

  of(service: Service): Fate {
    if (this.#random.chance(this.deaths)) return this.#random.chance(0.5) ? "dies before" : "dies after";
    // The engine keeps a step's outcome, or dies with it.
    if (service === "step" || !this.#random.chance(this.failures)) return "done";
    return this.#random.chance(0.5) ? "refused" : "answer lost";
  }

  /** How long a process stops after an answer of the upstream, in milliseconds. */
  straggle(): number {
    return this.#random.chance(this.stragglers) ? this.#random.below(10 * 60_000) : 0;
  }

  errorOf(service: Service): Error {
    const [first, ...others] = ERRORS[service];
    // Mostly the transient error, because the other one ends the job at once.
    return new Error(this.#random.chance(0.7) ? first : this.#random.pick([first, ...others]));
  }

  /** Milliseconds, drawn for each call. A call that stalls takes seconds or minutes. */
  latency(service: Service, sheltered: boolean): number {
    const usual = LATENCY[service];
    if (sheltered) return Math.ceil(usual / 10);
    const drawn = 1 + this.#random.below(usual * 2);
    if (this.#random.chance(this.stalls)) return drawn * (10 + this.#random.below(500));
    // Sometimes long enough for other processes to act in between.
    return this.#random.chance(0.1) ? drawn * (2 + this.#random.below(30)) : drawn;
  }
}
