import type { Section } from "../bench.ts";
import type { Bar, BarChart, Panel } from "./bar-chart.ts";
import type { BenchReport, ReportFigure } from "./bench-report.ts";
import { figureText, ratioText, unitOf } from "./figure-text.ts";
import { type Verdict, verdictOf, verdictsOf } from "./targets.ts";

/** A chart, and where it stands. */
export interface ReportChart extends BarChart {
  /** of its file, without the ending */
  readonly name: string;
  readonly section: Section;
}

const SYNC_PANELS = [
  ["rows written", "rows that D1 bills"],
  ["bytes a sample", "bytes a sample in D1"],
  ["ms", "time in local D1, median"],
] as const;

const BESIDE = "× is to this project's own figure: 2× takes twice as much. Bars of one panel share a scale.";

function barOf(of: ReportFigure, first: ReportFigure, label: string, verdicts: readonly Verdict[]): Bar {
  const limit = verdictOf(of, verdicts)?.target.limit ?? null;
  const parts = [`${figureText(of.value)} ${unitOf(of.figure)}`.trim()];
  if (of !== first) parts.push(ratioText(of.ratio));
  if (limit !== null) parts.push(`target ${figureText(limit)}`);
  return { label, value: of.value, text: parts.join("  ·  "), isOwn: of === first, limit };
}

/** A panel a group: its candidates of one figure beside each other. */
function comparisons(
  figures: readonly ReportFigure[],
  figure: string,
  titleOf: (group: string) => string,
  verdicts: readonly Verdict[],
): Panel[] {
  const panels: Panel[] = [];
  for (const [group, of] of Map.groupBy(figures, (one) => one.group)) {
    const own = of.filter((one) => one.figure === figure);
    const [first] = own;
    if (first === undefined || own.length < 2) continue;
    panels.push({ title: titleOf(group), bars: own.map((one) => barOf(one, first, one.candidate, verdicts)) });
  }
  return panels;
}

/** One panel, a bar a group: this project's own figure. */
function ownBars(figures: readonly ReportFigure[], figure: string, verdicts: readonly Verdict[]): Panel[] {
  const bars: Bar[] = [];
  for (const [group, of] of Map.groupBy(figures, (one) => one.group)) {
    const first = of.find((one) => one.figure === figure);
    if (first !== undefined) bars.push(barOf(first, first, group, verdicts));
  }
  return bars.length === 0 ? [] : [{ title: "", bars }];
}

/** The report's charts with figures. */
export function chartsOf({ figures }: BenchReport): ReportChart[] {
  const verdicts = verdictsOf(figures);
  const of = (section: Section) => figures.filter((one) => one.section === section);
  const asNamed = (group: string) => group;
  const charts: ReportChart[] = [
    {
      name: "sync",
      section: "sync",
      title: "What a sync costs",
      note: BESIDE,
      panels: SYNC_PANELS.flatMap(([figure, title]) => comparisons(of("sync"), figure, () => title, verdicts)),
    },
    {
      name: "hot-reads",
      section: "reads",
      title: "Reading samples of D1, median",
      note: BESIDE,
      panels: comparisons(of("reads"), "ms", asNamed, verdicts),
    },
    {
      name: "day-file",
      section: "day-file",
      title: "Bytes a sample of a day file",
      note: "The mark is this project's target.",
      panels: comparisons(of("day-file"), "bytes a sample", asNamed, verdicts),
    },
    {
      name: "questions-compared",
      section: "site-year",
      title: "Questions to a year of a site, p50, beside what they are compared with",
      note: `${BESIDE} A mark is a target.`,
      panels: comparisons(of("site-year"), "ms, p50", asNamed, verdicts),
    },
    {
      name: "questions",
      section: "site-year",
      title: "Questions to a year of a site, p50",
      note: "The query Worker's whole answers. A mark is a target.",
      panels: ownBars(of("site-year"), "ms, p50", verdicts),
    },
    {
      name: "memory",
      section: "memory",
      title: "Memory of the isolate while it answers, peak",
      note: "The mark is the 128 MB that the platform gives. × is to the same answer as JSON.",
      panels: comparisons(of("memory"), "MB of the isolate, peak", asNamed, verdicts).map(({ title, bars }) => ({
        title,
        bars: bars.map((bar) => ({ ...bar, isOwn: true })),
      })),
    },
  ];
  return charts.filter(({ panels }) => panels.length > 0);
}
