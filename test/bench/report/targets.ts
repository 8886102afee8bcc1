import type { ReportFigure } from "./bench-report.ts";

/** What a figure of this project's should not be above. */
export interface Target {
  readonly section: string;
  /** null: the section's only one */
  readonly group: string | null;
  readonly candidate: string | null;
  readonly figure: string;
  /** in the figure's unit; where it is held against a candidate, in percent of that one's */
  readonly limit: number;
  readonly against: string | null;
  /** what is to be known of it */
  readonly note: string;
}

/** A target beside what was measured. */
export interface Verdict {
  readonly target: Target;
  readonly own: ReportFigure;
  /** as {@link Target.limit} is counted */
  readonly value: number;
  readonly isMet: boolean;
}

function targetOf(section: string, group: string | null, figure: string, limit: number, note: string): Target {
  return { section, group, candidate: null, figure, limit, against: null, note };
}

const MEMORY = ["365 days 1hr", "365 days 1day"].flatMap((range) =>
  ["json", "csv", "arrow"].map((candidate): Target => {
    const of = targetOf(
      "memory",
      `100 points x ${range}`,
      "MB of the isolate, peak",
      128,
      "what Cloudflare gives an isolate",
    );
    return { ...of, candidate };
  }),
);

export const TARGETS: readonly Target[] = [
  targetOf("day-file", null, "bytes a sample", 1.45, "of a day file"),
  {
    ...targetOf("day-file", null, "bytes a sample", 75, ""),
    against: "DuckDB, sorted, zstd",
    note: "out of reach on these data, whose values alone are 76% of DuckDB's bytes: docs/decisions/0006-day-file-pages.md",
  },
  targetOf("day-file", null, "CPU s of the merge", 4, "to merge and verify a day of every point"),
  targetOf("day-file", null, "MB of the isolate, peak", 100, "of the 128 that an isolate has"),
  targetOf("site-year", "1 point x 365 days 1hr", "ms, p50", 100, "a year's chart, hourly"),
  targetOf("site-year", "10 points x 20 days 5min, hot", "ms, p50", 150, "the widest hot chart"),
  targetOf("site-year", "1 point x 30 days raw, cold", "R2 requests", 30, "one a day file"),
  targetOf("site-year", "1 point x 30 days raw, cold", "R2 KB", 500, "half a MB for a month of samples"),
  ...MEMORY,
];

/** This project's figure is the first of a group's candidates; of the memory's, all are its own. */
function measured(of: Target, figures: readonly ReportFigure[]): Pick<Verdict, "own" | "value"> | null {
  const matching = figures.filter(
    ({ section, group, figure }) =>
      section === of.section && figure === of.figure && (of.group === null || group === of.group),
  );
  const own = of.candidate === null ? matching[0] : matching.find(({ candidate }) => candidate === of.candidate);
  if (own === undefined) return null;
  if (of.against === null) return { own, value: own.value };
  const other = matching.find(({ candidate }) => candidate === of.against);
  return other === undefined ? null : { own, value: (100 * own.value) / other.value };
}

/** Of the targets whose figures there are: at a smaller size, the questions are others. */
export function verdictsOf(figures: readonly ReportFigure[]): Verdict[] {
  return TARGETS.flatMap((target) => {
    const found = measured(target, figures);
    return found === null ? [] : [{ target, ...found, isMet: found.value <= target.limit }];
  });
}

/** The target of one figure's value, where it has one. */
export function verdictOf(of: ReportFigure, all: readonly Verdict[]): Verdict | undefined {
  return all.find(({ target, own }) => own === of && target.against === null);
}
