import type { DayBuilder } from "../src/backfill/day-builder.ts";

/** Wraps each call of a run to its dependencies. */
export type Intercept = <T>(execute: () => Promise<T>) => Promise<T>;

/** Days in memory instead of R2. Each call may fail. */
export class MemoryDays {
  /** first day; names of calls count days from it */
  readonly #first: number;
  readonly staged = new Set<string>();
  readonly published: number[] = [];
  /** number of publications that another build wins */
  conflicts = 0;
  /** replaceable, to observe or change a call */
  before: (call: string) => Promise<void> = () => Promise.resolve();

  constructor(first: number) {
    this.#first = first;
  }

  builder(intercept: Intercept): DayBuilder {
    const call = <T>(name: string, work: () => T) =>
      intercept(async () => {
        await this.before(name);
        return work();
      });
    return {
      fetchHour: ({ day }, hour) =>
        call(`${day - this.#first} hour ${hour}`, () => {
          this.staged.add(`${day} ${hour}`);
          return { asked: 1, apiCalls: 2, retries: 1, records: 10, samples: 9, rejected: { null: 1 } };
        }),
      mergeDay: ({ day }) =>
        call(`${day - this.#first} merge`, () => {
          for (let hour = 0; hour < 24; hour++) {
            if (!this.staged.has(`${day} ${hour}`)) throw new Error(`hour ${hour} is not staged`);
          }
          const lineage = {
            found: null,
            settledStamp: 0,
            mark: "",
            asked: [],
            baseEtag: null,
            baseGeneration: 0,
            generation: 1,
            manifestEtag: null,
          };
          return { source: "api", key: `k${day}`, ...lineage, file: null, rowsBytes: 0, suspect: null };
        }),
      publishDay: (of) =>
        call(`${of.day - this.#first} publish`, () => {
          if (this.conflicts-- > 0) return null;
          if (!this.published.includes(of.day)) this.published.push(of.day);
          this.#drop(of.day);
          return { state: "written", records: 216, key: `k${of.day}`, reason: null };
        }),
      discard: (of) => call(`${of.day - this.#first} discard`, () => this.#drop(of.day)),
      discardOlder: () => call("discard older", () => undefined),
    };
  }

  #drop(day: number): void {
    for (const key of this.staged) if (key.startsWith(`${day} `)) this.staged.delete(key);
  }
}
