/** A clock for tests that stands still until it is moved. */
export class SiteClock {
  #now: number;

  /** @param now epoch ms */
  constructor(now: number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  set(now: number): void {
    this.#now = now;
  }

  /** Moves the clock by the duration of a wait: backoffs and slow answers. */
  readonly sleep = (ms: number): Promise<void> => {
    this.#now += ms;
    return Promise.resolve();
  };
}
