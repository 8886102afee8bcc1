import { addMonths, type Day, formatDay, parseDay } from "./calendar.ts";

export const SPANS = ["month", "year"] as const;
export const COMPARISONS = ["days", "weekday"] as const;

/** The state of Patterns. With the site and the time it decides everything shown; the address holds it. */
export interface PatternsState {
  /** null: none chosen */
  readonly point: string | null;
  readonly span: (typeof SPANS)[number];
  /** the last shown day; null: today */
  readonly to: Day | null;
  /** the days laid over each other: the last ones, or those of one weekday */
  readonly compare: (typeof COMPARISONS)[number];
}

/** Reads an address; ignores invalid parts. */
export function parsePatterns(params: URLSearchParams): PatternsState {
  return {
    point: params.get("point") || null,
    span: SPANS.find((span) => span === params.get("span")) ?? "month",
    to: parseDay(params.get("to") ?? ""),
    compare: COMPARISONS.find((compare) => compare === params.get("compare")) ?? "days",
  };
}

/** The address of a state, without defaults. */
export function formatPatterns({ point, span, to, compare }: PatternsState): URLSearchParams {
  const params = new URLSearchParams();
  if (point !== null) params.set("point", point);
  if (span !== "month") params.set("span", span);
  if (to !== null) params.set("to", formatDay(to));
  if (compare !== "days") params.set("compare", compare);
  return params;
}

/** Days, both included. */
export interface Days {
  readonly first: Day;
  readonly last: Day;
}

const MONTHS = { month: 1, year: 12 } as const;

/** The days of a month, or a year, that ends with the last one. */
export function daysOf({ span, to }: PatternsState, today: Day): Days {
  const last = Math.min(to ?? today, today);
  return { first: Math.min(last, addMonths(last, -MONTHS[span]) + 1), last };
}

/** The last day of the months, or years, before (-1) or after (1); null: today, the latest possible. */
export function shifted(state: PatternsState, today: Day, by: -1 | 1): Day | null {
  const { first, last } = daysOf(state, today);
  const to = by < 0 ? first - 1 : addMonths(last, MONTHS[state.span]);
  return to >= today ? null : to;
}

const LAST_DAYS = 14;
const WEEKS = 8;

/** The days laid over each other, ascending. */
export function comparedDays({ compare }: PatternsState, last: Day): Day[] {
  const [count, step] = compare === "days" ? [LAST_DAYS, 1] : [WEEKS, 7];
  return Array.from({ length: count }, (_, i) => last - (count - 1 - i) * step);
}
