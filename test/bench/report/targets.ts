import type { ReportFigure } from "./bench-report.ts";

/** The highest value that a figure of this project should have. */
export interface Target {
  readonly section: string;
  /** null: the section's only one */
  readonly group: string | null;
  readonly candidate: string | null;
  readonly figure: string;
  /** in the figure's unit; with `against`, in percent of that candidate's figure */
  readonly limit: number;
  readonly against: string | null;
  /** the first design's figure, in the unit of `limit`; null: it was not measured */
  readonly before: number | null;
  readonly note: string;
}

/** A target and the measured value. */
export interface Verdict {
  readonly target: Target;
  readonly own: ReportFigure;
  /** in the unit of {@link Target.limit} */
  readonly value: number;
  readonly isMet: boolean;
}

function targetOf(
  section: string,
  group: string | null,
  figure: string,
  limit: number,
  before: number | null,
  note = "",
): Target {
  return { section, group, candidate: null, figure, limit, against: null, before, note };
}

const MEMORY = ["365 days 1hr", "365 days 1day"].flatMap((range) =>
  ["json", "csv", "arrow"].map((candidate): Target => {
    const group = `100 points x ${range}`;
    const target = targetOf("memory", group, "MB of the isolate, peak", 128, null, "Cloudflare's limit of an isolate");
    return { ...target, candidate };
  }),
);

const MS = "ms, p50";
const SETTLING = "settling a day again: 4,583 points x 1,440 samples";
const ROWS = "row per sample, integer keys";

/** The figures of the first design (`before`) are of 2026-11-23, on a quiet machine of this kind. */
export const TARGETS: readonly Target[] = [
  targetOf("sync", null, "rows written", 100, 4584, "what D1 bills"),
  { ...targetOf("sync", null, "ms", 100, 159), against: ROWS },
  targetOf("day-file", null, "bytes a sample", 1.45, 1.42),
  {
    ...targetOf("day-file", null, "bytes a sample", 75, 96.9),
    against: "DuckDB, sorted, zstd",
    note: "impossible on these data: the values alone take 76% of DuckDB's bytes (docs/decisions/0006-day-file-pages.md)",
  },
  targetOf("day-file", null, "CPU s of the merge", 4, 3.72, "to merge and verify a day of every point"),
  targetOf("day-file", null, "MB of the isolate, peak", 100, 51.8, "Cloudflare allows an isolate 128"),
  targetOf(
    "day-file",
    SETTLING,
    "MB of the isolate, peak",
    100,
    null,
    "fetch, merge, publish, keep; with the simulated API in the same isolate",
  ),
  targetOf(
    "day-file",
    SETTLING,
    "rows of the largest transaction",
    1000,
    119_000,
    "of a point list, a day of syncs and its two builds; with indexes",
  ),
  targetOf(
    "day-file",
    "a day file of 25 real rooms",
    "bytes a sample",
    2.1,
    2.8,
    "minute means of full double precision",
  ),
  targetOf("site-year", "space in D1", "MB of 20 hot days, 2 of them open", 600, 3300),
  targetOf("site-year", "space in D1", "MB of a year of aggregates", 700, 1390),
  targetOf("site-year", "latest of all 4,583 points", MS, 20, 121),
  targetOf("site-year", "latest of all 4,583 points", "D1 rows read", 1100, 129_151),
  targetOf("site-year", "1 point x 1 day raw, open", MS, 5, 6),
  targetOf("site-year", "10 points x 7 days raw, hot", MS, 60, 63),
  targetOf("site-year", "10 points x 20 days 5min, hot", MS, 100, 128),
  targetOf("site-year", "100 points x 1 day 5min, open", MS, 250, null),
  targetOf("site-year", "1 point x 365 days 1hr", MS, 20, 26),
  targetOf("site-year", "50 points x 365 days 1day", MS, 200, 235),
  targetOf("site-year", "1 point x 30 days raw, cold", "R2 requests", 30, 30, "one per day file"),
  targetOf("site-year", "1 point x 30 days raw, cold", "R2 KB", 500, 418),
  ...MEMORY,
  targetOf("month", null, "million rows written, a site", 1.5, 50.2, "the plan includes 50"),
  targetOf("month", null, "USD above the plan, ten sites", 12, 483),
  targetOf("month", null, "USD above the plan, a hundred sites", 200, 5371),
  targetOf(
    "month",
    null,
    "GB of D1 a site, a week of an R2 outage in reserve",
    2.5,
    4.7,
    "four sites in a database of 10 GB, with the simulator's short values (docs/scale.md)",
  ),
  targetOf("month", null, "requests to the API a day for settling", 150, null),
];

/** This project's figure is the first candidate's of a group. In the section `memory` all candidates are this project's. */
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

/** The verdicts of targets whose figures were measured. A smaller size has other queries. */
export function verdictsOf(figures: readonly ReportFigure[]): Verdict[] {
  return TARGETS.flatMap((target) => {
    const found = measured(target, figures);
    return found === null ? [] : [{ target, ...found, isMet: found.value <= target.limit }];
  });
}

/** The verdict of a figure; undefined: it has no target. */
export function verdictOf(of: ReportFigure, all: readonly Verdict[]): Verdict | undefined {
  return all.find(({ target, own }) => own === of && target.against === null);
}
