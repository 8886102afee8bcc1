import type { Random } from "../fuzz/random.ts";

/** What a process calls. */
export type Service = "d1" | "r2" | "kv" | "upstream" | "engine" | "step";

/**
 * What becomes of a call. `refused`: it fails and nothing was done; `answer lost`: it was done, and fails all the same;
 * `dies`: the process ends for good, before it was done or after.
 */
export type Fate = "done" | "refused" | "answer lost" | "dies before" | "dies after";

/** Errors as the platform words them; D1 says that the first of its ones may be tried again. */
const ERRORS: Record<Service, readonly [string, ...string[]]> = {
  d1: ["D1_ERROR: Network connection lost.", "D1_ERROR: internal error; reference = 7f3a"],
  r2: ["put: We encountered an internal error. Please try again. (10001)"],
  kv: ["KV PUT failed: 429 Too Many Requests"],
  upstream: ["fetch failed"],
  engine: ["(instance.internal_error) The Workflows engine did not answer"],
  step: ["(instance.internal_error) The Workflows engine did not answer"],
};

/** Usual time of a call, in milliseconds. */
const LATENCY: Record<Service, number> = { d1: 40, r2: 120, kv: 60, upstream: 1_500, engine: 200, step: 30 };

/** What goes wrong in a world, and how often: each seed has its own weather. */
export class Fates {
  readonly #random: Random;
  /** of 1 */
  readonly failures: number;
  readonly deaths: number;
  readonly stalls: number;
  /** answers of the upstream after which a process stands still, so that others ask and store meanwhile */
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
    // the engine keeps what a step came to, or dies with it
    if (service === "step" || !this.#random.chance(this.failures)) return "done";
    return this.#random.chance(0.5) ? "refused" : "answer lost";
  }

  /** How long a process stands still after an answer of the upstream, in milliseconds. */
  straggle(): number {
    return this.#random.chance(this.stragglers) ? this.#random.below(10 * 60_000) : 0;
  }

  errorOf(service: Service): Error {
    const [first, ...others] = ERRORS[service];
    // mostly the one that passes by itself: the other ends the job at once
    return new Error(this.#random.chance(0.7) ? first : this.#random.pick([first, ...others]));
  }

  /** Milliseconds, drawn for each call; a call that stalls takes seconds or minutes. */
  latency(service: Service, sheltered: boolean): number {
    const usual = LATENCY[service];
    if (sheltered) return Math.ceil(usual / 10);
    const drawn = 1 + this.#random.below(usual * 2);
    if (this.#random.chance(this.stalls)) return drawn * (10 + this.#random.below(500));
    // long enough now and then that the others do something in between
    return this.#random.chance(0.1) ? drawn * (2 + this.#random.below(30)) : drawn;
  }
}
