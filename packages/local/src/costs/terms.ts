import { z } from "zod";
import { type Counts, countsOf, countsSchema } from "./counts.ts";

export const termsSchema = z.object({
  fixed: countsSchema,
  perPoint: countsSchema,
  perDay: countsSchema,
  perPointDay: countsSchema,
});
/** What one run of something takes, by the points and the days that it is about. */
export type Terms = z.infer<typeof termsSchema>;

/** Something that was run once, and what it took. */
export interface Measurement {
  readonly points: number;
  /** 0: days have nothing to do with it */
  readonly days: number;
  readonly counts: Counts;
}

export function countsFor({ fixed, perPoint, perDay, perPointDay }: Terms, points: number, days: number): Counts {
  return countsOf(
    (name) => fixed[name] + points * perPoint[name] + days * perDay[name] + points * days * perPointDay[name],
  );
}

/**
 * The terms that give these measurements again: two of different points, or four, of two numbers of points at each of two
 * numbers of days.
 * @throws {Error} for others
 */
export function fitTerms(measured: readonly Measurement[]): Terms {
  const [fewPoints, manyPoints, ...otherPoints] = distinct(measured.map(({ points }) => points));
  const [fewDays, manyDays, ...otherDays] = distinct(measured.map(({ days }) => days));
  if (fewPoints === undefined || manyPoints === undefined || fewDays === undefined) throw new Error("too few sizes");
  if (otherPoints.length > 0 || otherDays.length > 0) throw new Error("too many sizes");
  const at = (points: number, days: number) => {
    const found = measured.find((one) => one.points === points && one.days === days);
    if (found === undefined) throw new Error(`nothing was measured of ${points} points, ${days} days`);
    return found.counts;
  };
  /** [of no points, of each point] */
  const line = (days: number): [Counts, Counts] => {
    const [few, many] = [at(fewPoints, days), at(manyPoints, days)];
    const slope = countsOf((name) => (many[name] - few[name]) / (manyPoints - fewPoints));
    return [countsOf((name) => few[name] - fewPoints * slope[name]), slope];
  };
  const zero = countsOf(() => 0);
  const [base, slope] = line(fewDays);
  if (manyDays === undefined) return rounded({ fixed: base, perPoint: slope, perDay: zero, perPointDay: zero });
  const [laterBase, laterSlope] = line(manyDays);
  const aDay = (few: Counts, many: Counts) => countsOf((name) => (many[name] - few[name]) / (manyDays - fewDays));
  const [perDay, perPointDay] = [aDay(base, laterBase), aDay(slope, laterSlope)];
  const without = (counts: Counts, aDayMore: Counts) => countsOf((name) => counts[name] - fewDays * aDayMore[name]);
  return rounded({ fixed: without(base, perDay), perPoint: without(slope, perPointDay), perDay, perPointDay });
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}

/** To what a file holds without noise in its last digits. */
function rounded({ fixed, perPoint, perDay, perPointDay }: Terms): Terms {
  const of = (counts: Counts) => countsOf((name) => Number(counts[name].toFixed(5)) || 0);
  return { fixed: of(fixed), perPoint: of(perPoint), perDay: of(perDay), perPointDay: of(perPointDay) };
}
