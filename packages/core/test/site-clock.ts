/** A clock for tests: it stands still until it is moved. */
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

  /** Waits by moving on: what backoffs and slow answers take. */
  readonly sleep = (ms: number): Promise<void> => {
    this.#now += ms;
    return Promise.resolve();
  };
}
