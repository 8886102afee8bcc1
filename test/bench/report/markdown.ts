import { type Section, SECTIONS } from "../bench.ts";
import type { BenchReport, ReportFigure } from "./bench-report.ts";
import { chartsOf, type ReportChart } from "./charts.ts";
import { describeSection } from "./section-description.ts";
import { besideTable, candidateTable, figureTable, keyTable, markdownText, targetTable } from "./tables.ts";
import { type Verdict, verdictsOf } from "./targets.ts";

const TIMES = ["ms, p50", "ms, p95", "ms, p50, over HTTP"];
const COSTS = ["D1 round trips", "D1 statements", "D1 rows read", "R2 requests", "R2 KB", "KB of answer"];
const MODELLED = ["ms, R2 at 30 ms", "ms, R2 at 50 ms", "ms, R2 at 100 ms"];

/** Whether other work used more than half the cores before the benchmark began. */
function isBusy({ machine, load }: BenchReport): boolean {
  return load.start > machine.cores / 2;
}

function setting(report: BenchReport): string[] {
  const { date, seconds, commit, machine, load, versions } = report;
  const rows: [string, string][] = [
    ["date", `${date.slice(0, 16).replace("T", " ")} UTC, ${Math.round(seconds / 60)} minutes`],
    ["commit", `${commit.id}${commit.isClean ? "" : ", with uncommitted changes"}`],
    ["machine", `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB of memory`],
    ["system", machine.os],
    ["load average, 1 minute", `${load.start} at the start, ${load.end} at the end, ${load.most} at most`],
    ...Object.entries(versions),
  ];
  const busy = isBusy(report)
    ? `**The machine was busy with other work**: its load was ${load.start} on ${machine.cores} cores before the first ` +
      "measurement. Times are longer than on an idle machine, p95 more than p50. A time that misses its target here may meet it on an " +
      "idle machine. Ratios are more reliable, because both sides were measured within about a minute. Load does not change counts and bytes."
    : "The machine was idle before the first measurement.";
  return ["## Environment", keyTable(rows), busy];
}

function queries(figures: readonly ReportFigure[], verdicts: readonly Verdict[]): string[] {
  return [
    figureTable(figures, TIMES, verdicts),
    "Compared with other systems, p50 in ms:",
    besideTable(figures, "ms, p50"),
    "Use of D1 and R2, which is billed:",
    figureTable(figures, COSTS, verdicts),
    "Local R2 answers at once. Computed upper bound of the p50 if each request to R2 took 30, 50 or 100 ms, six at a time (a model, " +
      "not a measurement):",
    figureTable(figures, MODELLED, verdicts),
  ];
}

function groups(figures: readonly ReportFigure[], verdicts: readonly Verdict[]): string[] {
  return [...Map.groupBy(figures, ({ group }) => group)].flatMap(([group, of]) => [
    `### ${markdownText(group)}`,
    candidateTable(of, verdicts),
  ]);
}

/** A chart in Markdown. @param folder where the charts are, from the file that shows it */
export function chartImage({ title, name }: ReportChart, folder: string): string {
  return `![${markdownText(title)}](${folder}/${name}.svg)`;
}

function sectionOf(
  section: Section,
  report: BenchReport,
  verdicts: readonly Verdict[],
  charts: readonly ReportChart[],
) {
  const figures = report.figures.filter((one) => one.section === section);
  if (figures.length === 0) return [];
  const { title, subject, statistic, baseline } = describeSection(section, report.size);
  return [
    `## ${title}`,
    subject,
    `- **Statistic:** ${statistic}\n- **Compared with:** ${baseline}`,
    ...charts.filter((chart) => chart.section === section).map((chart) => chartImage(chart, "benchmarks")),
    ...(section === "site-year" ? queries(figures, verdicts) : groups(figures, verdicts)),
  ];
}

/** docs/benchmarks.md. The same report gives the same text. */
export function benchmarksPage(report: BenchReport): string {
  const verdicts = verdictsOf(report.figures);
  const charts = chartsOf(report);
  const missed = verdicts.filter(({ isMet }) => !isMet).length;
  const parts = [
    "<!-- Written by `npm run bench -- --report`. Do not edit. -->",
    "# Benchmarks",
    "All figures of one run of `npm run bench -- --report`. Each comparison was measured in the same run on the same machine. `2.5×` " +
      "means 2.5 times this project's figure. Fewer ms, bytes and rows are better. The figures as JSON: " +
      "[figures.json](benchmarks/figures.json).",
    ...setting(report),
    ...(report.notes.length === 0 ? [] : ["## The data", ...report.notes.map(markdownText)]),
    ...(verdicts.length === 0
      ? []
      : ["## Targets", `${verdicts.length - missed} of ${verdicts.length} targets are met.`, targetTable(verdicts)]),
    ...SECTIONS.flatMap((section) => sectionOf(section, report, verdicts, charts)),
    "## Not shown",
    [
      "- **Network.** D1 and R2 are workerd's local simulators. A round trip takes almost no time here, and tens of milliseconds on " +
        "Cloudflare. The tables list round trips, requests and bytes, so that you can multiply.",
      "- **Cloudflare's machines.** Their CPU, load and limits differ. No figure here comes from a deployment.",
      "- **Many isolates.** Cloudflare spreads clients over several isolates; here one answers all.",
      "- **Caches.** No answer comes from the Cache API or as a 304.",
      "- **A real building.** Only the 25 rooms are real. All other samples are simulated: setpoints, statuses, rounded readings and " +
        "single-precision noise. The compression of a day file depends on their mix.",
      "- **Dashboard.** `npm run bench:frames` counts its frames.",
    ].join("\n"),
    "## Reproduction",
    "```sh\nnpm run bench                    # all sections, as a table, and as JSON in .local/bench.json\n" +
      "npm run bench -- --only sync     # one section: " +
      `${SECTIONS.join(", ")}\n` +
      "npm run bench -- --report        # this page, its charts and README's figures\n```",
    "It needs Linux, to read a process's memory. The first run builds the site's year in `.local/bench` (up to 12 minutes, 5 GB) and " +
      "keeps it. `test/bench/` has the code; `bench.test.ts` runs it at a tiny size.",
  ];
  return `${parts.join("\n\n")}\n`;
}
