import { z } from "zod";
import { type Counted, type OperationCounts, countsOf, nonZeroCountsSchema } from "./counts.ts";

export const termsSchema = z.object({
  fixed: nonZeroCountsSchema,
  perPoint: nonZeroCountsSchema,
  perDay: nonZeroCountsSchema,
  perPointDay: nonZeroCountsSchema,
});
/** Counts of one run of a job or query, as a linear function of its points and days. */
export type Terms = z.infer<typeof termsSchema>;

/** The counts of one run. */
export interface CountedRun {
  readonly points: number;
  /** 0: the counts do not depend on days */
  readonly days: number;
  readonly counts: OperationCounts;
}

/** The counts for a number of points and days, at least 0: a line through two sizes may fall below. */
export function countsFor(
  { fixed, perPoint, perDay, perPointDay }: Terms,
  points: number,
  days: number,
): OperationCounts {
  return countsOf((name) =>
    Math.max(0, fixed[name] + points * perPoint[name] + days * perDay[name] + points * days * perPointDay[name]),
  );
}

/** Multiplies the parts that grow with points by a factor per count; absent: 1. */
export function scalePerPoint(terms: Terms, factors: Partial<OperationCounts>): Terms {
  const scaled = (counts: OperationCounts) => countsOf((name) => counts[name] * (factors[name] ?? 1));
  return { ...terms, perPoint: scaled(terms.perPoint), perPointDay: scaled(terms.perPointDay) };
}

/** A line through two values. A value that falls with size is noise, mostly of CPU: the line is then level at the higher one. */
function lineThrough(few: number, atFew: number, many: number, atMany: number): { base: number; slope: number } {
  const slope = Math.max(0, (atMany - atFew) / (many - few));
  return { base: Math.max(atFew - few * slope, atMany - many * slope), slope };
}

/**
 * The terms that reproduce measurements: two of different points, or four of two numbers of points and two of days.
 * @throws {Error} for other measurements
 */
export function fitTerms(measured: readonly CountedRun[]): Terms {
  const [fewPoints, manyPoints, ...otherPoints] = distinct(measured.map(({ points }) => points));
  const [fewDays, manyDays, ...otherDays] = distinct(measured.map(({ days }) => days));
  if (fewPoints === undefined || manyPoints === undefined || fewDays === undefined) throw new Error("too few sizes");
  if (otherPoints.length > 0 || otherDays.length > 0) throw new Error("too many sizes");
  const at = (points: number, days: number) => {
    const found = measured.find((run) => run.points === points && run.days === days);
    if (found === undefined) throw new Error(`no measurement of ${points} points, ${days} days`);
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

/** To five decimal places, without the noise of floating-point sums. */
function rounded(value: number): number {
  return Number(value.toFixed(5)) || 0;
}
