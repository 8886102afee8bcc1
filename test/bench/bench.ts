import type { z } from "zod";
import type { BenchSize } from "./size.ts";

/** What can be measured alone. */
export const SECTIONS = [
  "decode",
  "sync",
  "reads",
  "finding",
  "day-file",
  "month-file",
  "month-reads",
  "site-year",
  "memory",
  "load",
  "month",
] as const;
export type Section = (typeof SECTIONS)[number];

/** One measured figure of one candidate; `ratio` is to the first candidate of its group. */
export interface Figure {
  readonly section: Section;
  readonly group: string;
  readonly candidate: string;
  readonly figure: string;
  readonly value: number;
  readonly ratio: number;
}

/** Asks the Worker under test, and collects what was measured. */
export class Bench {
  readonly figures: Figure[] = [];
  /** what was measured on, where the groups' names do not tell */
  readonly notes: string[] = [];
  readonly size: BenchSize;
  /** of what is measured from now on */
  section: Section = "decode";
  #url: URL | null = null;

  constructor(size: BenchSize) {
    this.size = size;
  }

  /** The Worker that is asked from now on. */
  connect(url: URL): void {
    this.#url = url;
  }

  async ask<S extends z.ZodType>(schema: S, path: string, query: readonly [string, string | number][] = []) {
    if (this.#url === null) throw new Error("no Worker runs");
    const search = new URLSearchParams();
    for (const [name, value] of query) search.append(name, String(value));
    const response = await fetch(new URL(`${path}?${search.toString()}`, this.#url));
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return schema.parse(await response.json());
  }

  /** Adds a figure of each candidate, the first of them being what the others are compared with. */
  compare(group: string, figure: string, values: readonly (readonly [candidate: string, value: number])[]): void {
    const first = values[0]?.[1] ?? Number.NaN;
    for (const [i, [candidate, value]] of values.entries()) {
      // what is too quick to be measured is still as quick as itself
      this.figures.push({ section: this.section, group, candidate, figure, value, ratio: i === 0 ? 1 : value / first });
    }
  }
}

/** The value that `percent` of them are not above; the nearest of them. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
