/** Counts by name, such as `{"requests:2xx": 12, "pages": 3}`. */
export type Counts = Readonly<Record<string, number>>;

/** Counters of one run of a job. */
export class Tally {
  #counts: Record<string, number> = {};

  add(name: string, count = 1): void {
    if (count !== 0) this.#counts[name] = (this.#counts[name] ?? 0) + count;
  }

  /** @param prefix put before each name, with a colon */
  addAll(prefix: string, counts: Readonly<Partial<Record<string, number>>>): void {
    for (const [name, count = 0] of Object.entries(counts)) this.add(`${prefix}:${name}`, count);
  }

  get(name: string): number {
    return this.#counts[name] ?? 0;
  }

  /** Returns the counts since the last call, and resets them. */
  take(): Counts {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }
}

/** `2xx` for 200 to 299. */
export function statusClass(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
