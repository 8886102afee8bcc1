import type { z } from "zod";

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
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
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
    for (const [candidate, value] of values) {
      this.figures.push({ group, candidate, figure, value, ratio: value / first });
    }
  }
}
