import { HOUR_MS } from "../domain/hour.ts";
import type { HourAggregate, HourEdges } from "./hour-aggregates.ts";

/** The stored columns of aggregates. An hour has a value in each. */
export type HourColumn = keyof Omit<HourAggregate, "edges"> | EdgeColumn;
export type EdgeColumn = "falls" | "first" | "last" | "firstS" | "lastS" | "fallFrom" | "fallTo";

/** `falls` of an hour without edges, which may have any number of falls. */
export const MANY_FALLS = 2;

/** Computes the value of a column that is not stored. */
export type Rule = (n: number, min: number, max: number) => number;

/** The columns of {@link HourEdges}. A rule has the values of hours without edges. */
export const EDGE_COLUMNS: readonly { readonly name: EdgeColumn; readonly isDouble: boolean; readonly rule: Rule }[] = [
  { name: "falls", isDouble: false, rule: () => MANY_FALLS },
  // The first and last values of a rising counter are its minimum and maximum.
  { name: "first", isDouble: true, rule: (_, min) => min },
  { name: "last", isDouble: true, rule: (_n, _min, max) => max },
  { name: "firstS", isDouble: false, rule: () => 0 },
  { name: "lastS", isDouble: false, rule: () => 0 },
  { name: "fallFrom", isDouble: true, rule: () => 0 },
  { name: "fallTo", isDouble: true, rule: () => 0 },
];

/** The value of an hour in a column. */
export function columnValue(hour: HourAggregate, name: HourColumn): number {
  const { edges } = hour;
  switch (name) {
    case "n":
    case "min":
    case "max":
    case "sum":
      return hour[name];
    case "falls":
      return edges === null ? MANY_FALLS : edges.fall === null ? 0 : 1;
    case "first":
      return edges?.first ?? hour.min;
    case "last":
      return edges?.last ?? hour.max;
    case "firstS":
      return edges?.firstS ?? 0;
    case "lastS":
      return edges?.lastS ?? 0;
    case "fallFrom":
      return edges?.fall?.from ?? 0;
    case "fallTo":
      return edges?.fall?.to ?? 0;
    default:
      throw new Error(`no such column: ${String(name satisfies never)}`);
  }
}

/** The values of the edge columns, by column and then by hour. */
export type EdgeValues = Readonly<Record<EdgeColumn, ArrayLike<number>>>;

/**
 * The inverse of {@link columnValue} for the edges of hour `i`.
 * @returns undefined: no hour has such values
 */
export function edgesOf(values: EdgeValues, i: number, min: number, max: number): HourEdges | null | undefined {
  const [falls, first, last] = [values.falls[i]!, values.first[i]!, values.last[i]!];
  const [firstS, lastS] = [values.firstS[i]!, values.lastS[i]!];
  const [from, to] = [values.fallFrom[i]!, values.fallTo[i]!];
  const isBare = Object.is(from, 0) && Object.is(to, 0);
  if (falls === MANY_FALLS) {
    const isPlain = Object.is(first, min) && Object.is(last, max) && firstS === 0 && lastS === 0 && isBare;
    return isPlain ? null : undefined;
  }
  const isWithin = [first, last, ...(falls === 1 ? [from, to] : [])].every((value) => value >= min && value <= max);
  // Of a sample in the first second, the one is 1 and the other 0.
  if (!isWithin || firstS > lastS + 1 || 1000 * lastS >= HOUR_MS) return undefined;
  if (falls === 0) return isBare && first <= last ? { first, last, firstS, lastS, fall: null } : undefined;
  return falls === 1 && from > to ? { first, last, firstS, lastS, fall: { from, to } } : undefined;
}
