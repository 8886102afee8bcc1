import { z } from "zod";
import { type Counted, type OperationCounts, countsOf, countsSchema } from "./counts.ts";

export const termsSchema = z.object({
  fixed: countsSchema,
  perPoint: countsSchema,
  perDay: countsSchema,
  perPointDay: countsSchema,
});
/** What one run of something takes, by the points and the days that it is about. */
export type Terms = z.infer<typeof termsSchema>;

/** Something that was run once, and what it took. */
export interface CountedRun {
  readonly points: number;
  /** 0: days have nothing to do with it */
  readonly days: number;
  readonly counts: OperationCounts;
}

/** Never below nothing, where a line through two sizes would end below it. */
export function countsFor(
  { fixed, perPoint, perDay, perPointDay }: Terms,
  points: number,
  days: number,
): OperationCounts {
  return countsOf((name) =>
    Math.max(0, fixed[name] + points * perPoint[name] + days * perDay[name] + points * days * perPointDay[name]),
  );
}

/** A line through two values; what falls with size is noise, of CPU's mostly, and taken for level at its highest. */
function lineThrough(few: number, atFew: number, many: number, atMany: number): { base: number; slope: number } {
  const slope = Math.max(0, (atMany - atFew) / (many - few));
  return { base: Math.max(atFew - few * slope, atMany - many * slope), slope };
}

/**
 * The terms that give these measurements again: two of different points, or four, of two numbers of points at each of two
 * numbers of days.
 * @throws {Error} for others
 */
export function fitTerms(measured: readonly CountedRun[]): Terms {
  const [fewPoints, manyPoints, ...otherPoints] = distinct(measured.map(({ points }) => points));
  const [fewDays, manyDays, ...otherDays] = distinct(measured.map(({ days }) => days));
  if (fewPoints === undefined || manyPoints === undefined || fewDays === undefined) throw new Error("too few sizes");
  if (otherPoints.length > 0 || otherDays.length > 0) throw new Error("too many sizes");
  const at = (points: number, days: number) => {
    const found = measured.find((run) => run.points === points && run.days === days);
    if (found === undefined) throw new Error(`nothing was measured of ${points} points, ${days} days`);
    return found.counts;
  };
  const fit = (name: Counted) => {
    const ofDays = (days: number) =>
      lineThrough(fewPoints, at(fewPoints, days)[name], manyPoints, at(manyPoints, days)[name]);
    const few = ofDays(fewDays);
    if (manyDays === undefined) return { fixed: few.base, perPoint: few.slope, perDay: 0, perPointDay: 0 };
    const many = ofDays(manyDays);
    const base = lineThrough(fewDays, few.base, manyDays, many.base);
    const slope = lineThrough(fewDays, few.slope, manyDays, many.slope);
    return { fixed: base.base, perPoint: slope.base, perDay: base.slope, perPointDay: slope.slope };
  };
  const countsOfTerm = (term: keyof Terms) => countsOf((name) => rounded(fit(name)[term]));
  return {
    fixed: countsOfTerm("fixed"),
    perPoint: countsOfTerm("perPoint"),
    perDay: countsOfTerm("perDay"),
    perPointDay: countsOfTerm("perPointDay"),
  };
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}

/** To what a file holds without noise in its last digits. */
function rounded(value: number): number {
  return Number(value.toFixed(5)) || 0;
}
