/**
 * Durations of an answer's stages, for `Server-Timing`. A Worker's clock stands still while it computes, so only
 * waiting counts.
 */
export class Stages {
  readonly #now: () => number;
  readonly #times = new Map<string, number>();
  readonly #underWay = new Map<string, { calls: number; since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds the duration of a call to a stage. Calls that overlap count once. */
  async time<T>(stage: string, call: () => Promise<T>): Promise<T> {
    const under = this.#underWay.get(stage) ?? { calls: 0, since: 0 };
    this.#underWay.set(stage, under);
    if (under.calls++ === 0) under.since = this.#now();
    try {
      return await call();
    } finally {
      if (--under.calls === 0) this.#times.set(stage, (this.#times.get(stage) ?? 0) + this.#now() - under.since);
    }
  }

  /** `catalog;dur=3, d1;dur=12`, in milliseconds. */
  header(): string {
    return [...this.#times].map(([stage, time]) => `${stage};dur=${time}`).join(", ");
  }
}
