import type { z } from "zod";
import type { BenchSize } from "./size.ts";

/** Sections that `--only` can name. */
export const SECTIONS = [
  "decode",
  "sync",
  "reads",
  "day-file",
  "month-file",
  "month-reads",
  "site-year",
  "memory",
  "load",
  "month",
] as const;
export type Section = (typeof SECTIONS)[number];

/** A measured figure of a candidate; `ratio` is relative to the first candidate of its group. */
export interface Figure {
  readonly section: Section;
  readonly group: string;
  readonly candidate: string;
  readonly figure: string;
  readonly value: number;
  readonly ratio: number;
}

/** Sends requests to the measured Worker, and collects figures. */
export class Bench {
  readonly figures: Figure[] = [];
  /** the measured data, where the groups' names do not describe them */
  readonly notes: string[] = [];
  readonly size: BenchSize;
  /** the section of the next figures */
  section: Section = "decode";
  #url: URL | null = null;

  constructor(size: BenchSize) {
    this.size = size;
  }

  /** The measured Worker. */
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

  /** Adds a figure per candidate. The others are compared with the first. */
  compare(group: string, figure: string, values: readonly (readonly [candidate: string, value: number])[]): void {
    const first = values[0]?.[1] ?? Number.NaN;
    for (const [i, [candidate, value]] of values.entries()) {
      // a time of 0 has the ratio 1 to itself
      this.figures.push({ section: this.section, group, candidate, figure, value, ratio: i === 0 ? 1 : value / first });
    }
  }
}

/** The nearest-rank percentile. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
