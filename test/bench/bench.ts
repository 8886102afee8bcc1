import type { z } from "zod";
import type { BenchSize } from "./size.ts";

/** One measured figure of one candidate; `ratio` is to the first candidate of its group. */
export interface Figure {
  readonly group: string;
  readonly candidate: string;
  readonly figure: string;
  readonly value: number;
  readonly ratio: number;
}

/** Asks the Worker under test, and collects what was measured. */
export class Bench {
  readonly figures: Figure[] = [];
  readonly size: BenchSize;
  readonly #url: URL;

  constructor(url: URL, size: BenchSize) {
    this.#url = url;
    this.size = size;
  }

  async ask<S extends z.ZodType>(schema: S, path: string, query: Record<string, string | number> = {}) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    const response = await fetch(new URL(`${path}?${search.toString()}`, this.#url));
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return schema.parse(await response.json());
  }

  /** Adds a figure of each candidate, the first of them being what the others are compared with. */
  compare(group: string, figure: string, values: readonly (readonly [candidate: string, value: number])[]): void {
    const first = values[0]?.[1] ?? Number.NaN;
    for (const [i, [candidate, value]] of values.entries()) {
      // what is too quick to be measured is still as quick as itself
      this.figures.push({ group, candidate, figure, value, ratio: i === 0 ? 1 : value / first });
    }
  }
}
