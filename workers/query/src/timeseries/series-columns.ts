import type { SeriesColumn } from "@building-vitals/core/query/series-column";
import type { ShapedSeries } from "@building-vitals/core/query/shape";

/** A column of an answer besides times and values. */
export interface FurtherColumn {
  readonly name: string;
  readonly values: SeriesColumn["values"] | Uint8Array;
}

/**
 * The columns after `value`, in the order of every format: those of further aggregates, then `min`, `max`, `count`,
 * `filled`. Each name occurs once: a further aggregate goes before the bucket's own column of its name.
 */
export function furtherColumns({ more = [], min, max, count, filled }: ShapedSeries): FurtherColumn[] {
  const named = new Set(more.map(({ name }) => name));
  const own = Object.entries({ min, max, count, filled }).flatMap(([name, values]) =>
    values === undefined || named.has(name) ? [] : [{ name, values }],
  );
  return [...more, ...own];
}

/** Whether a column holds texts, such as flags. */
export function isTexts(values: FurtherColumn["values"]): values is readonly string[] {
  return Array.isArray(values);
}
