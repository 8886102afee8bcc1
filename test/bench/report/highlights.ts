import type { Section } from "../bench.ts";
import type { BenchReport } from "./bench-report.ts";
import { chartsOf } from "./charts.ts";
import { figureText, ratioText, unitOf } from "./figure-text.ts";
import { chartImage } from "./markdown.ts";
import { markdownText } from "./tables.ts";
import { verdictOf, verdictsOf } from "./targets.ts";

/** A figure in README. */
interface Highlight {
  readonly section: Section;
  /** null: the section has one group */
  readonly group: string | null;
  readonly figure: string;
  /** of `memory`: the format; null: the first candidate */
  readonly candidate: string | null;
  readonly label: string;
  /** candidates that it is compared with */
  readonly against: readonly string[];
}

const ROWS = "row per sample, integer keys";
const ROWS_OF_YEAR = "row per sample in D1, in workerd";
const DUCKDB = "DuckDB, the same day files on disk";

function highlight(
  section: Section,
  group: string | null,
  figure: string,
  label: string,
  ...against: string[]
): Highlight {
  return { section, group, figure, candidate: null, label, against };
}

const HIGHLIGHTS: readonly Highlight[] = [
  highlight("site-year", "1 point x 365 days 1hr", "ms, p50", "1 point x 1 year, hourly"),
  highlight(
    "site-year",
    "10 points x 20 days 5min, hot",
    "ms, p50",
    "10 points x 20 days, 5min, from D1",
    ROWS_OF_YEAR,
  ),
  highlight(
    "site-year",
    "10 points x 60 days raw, cold, of one device, in 2 answers",
    "ms, p50",
    "10 points x 60 days, every sample, from R2",
    DUCKDB,
  ),
  highlight("sync", null, "rows written", "rows that D1 bills for a sync of 4,583 points", ROWS),
  highlight(
    "day-file",
    null,
    "bytes a sample",
    "a day file, per sample",
    "DuckDB, sorted, zstd",
    "time order, 10,000-row groups, Snappy",
  ),
  highlight("day-file", null, "MB of the isolate, peak", "building a day of 4,583 points, peak memory"),
  {
    ...highlight("memory", "100 points x 365 days 1hr", "MB of the isolate, peak", ""),
    candidate: "json",
    label: "answering 100 points x 1 year, hourly, peak memory",
  },
];

function rowOf({ section, group, figure, candidate, label, against }: Highlight, { figures }: BenchReport): string {
  const all = figures.filter(
    (one) => one.section === section && one.figure === figure && (group === null || one.group === group),
  );
  const own = candidate === null ? all[0] : all.find((one) => one.candidate === candidate);
  if (own === undefined) throw new Error(`${section}, ${group}: ${figure} was not measured`);
  const others = against.map((name) => {
    const other = all.find((one) => one.candidate === name);
    if (other === undefined) throw new Error(`${section}: ${name} was not measured`);
    return `${markdownText(name)}: ${figureText(other.value)} (${ratioText(other.ratio)})`;
  });
  const verdict = verdictOf(own, verdictsOf(figures));
  if (verdict !== undefined) {
    others.push(`target ${figureText(verdict.target.limit)}: ${verdict.isMet ? "met" : "**missed**"}`);
  }
  const unit = unitOf(figure);
  return `| ${label} | ${figureText(own.value)}${unit === "" ? "" : ` ${unit}`} | ${others.join("; ")} |`;
}

const BEGIN = "<!-- figures: written by `npm run bench -- --report` -->";
const END = "<!-- end of figures -->";

/** README with the highlights of a report. @throws if one was not measured, or README has no place for them */
export function withHighlights(readme: string, report: BenchReport): string {
  const [before, rest, ...more] = readme.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error("README has no place for figures");
  const chart = chartsOf(report).find(({ name }) => name === "questions-compared");
  if (chart === undefined) throw new Error("the report has no chart of compared queries");
  const rows = HIGHLIGHTS.map((one) => rowOf(one, report));
  const { machine, load, commit } = report;
  const measured =
    `Medians, and maxima of memory, of ${report.date.slice(0, 10)}, commit ${commit.id}, ${markdownText(machine.cpu)} with ${machine.cores} cores, ` +
    `load ${load.start} before the first measurement.`;
  const parts = [
    ["| | this project | compared with |", "|---|---:|---|", ...rows].join("\n"),
    chartImage(chart, "docs/benchmarks"),
    measured,
  ];
  return `${before}${BEGIN}\n\n${parts.join("\n\n")}\n\n${END}${after}`;
}
