import { type Section, SECTIONS } from "../bench.ts";
import type { BenchReport, ReportFigure } from "./bench-report.ts";
import { chartsOf, type ReportChart } from "./charts.ts";
import { sectionWords } from "./section-words.ts";
import { besideTable, candidateTable, figureTable, keyTable, markdownText, targetTable } from "./tables.ts";
import { type Verdict, verdictsOf } from "./targets.ts";

const TIMES = ["ms, p50", "ms, p95", "ms, p50, over HTTP"];
const COSTS = ["D1 round trips", "D1 statements", "D1 rows read", "R2 requests", "R2 KB", "KB of answer"];
const MODELLED = ["ms, R2 at 30 ms", "ms, R2 at 50 ms", "ms, R2 at 100 ms"];

/** A load of more than half the cores, when nothing of ours runs yet, is the work of others. */
function isBusy({ machine, load }: BenchReport): boolean {
  return load.start > machine.cores / 2;
}

function setting(report: BenchReport): string[] {
  const { date, seconds, commit, machine, load, versions } = report;
  const rows: [string, string][] = [
    ["date", `${date.slice(0, 16).replace("T", " ")} UTC, ${Math.round(seconds / 60)} minutes`],
    ["commit", `${commit.id}${commit.isClean ? "" : ", with changes that are not committed"}`],
    ["machine", `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB of memory`],
    ["system", machine.os],
    ["load average, 1 minute", `${load.start} at the start, ${load.end} at the end, ${load.most} at most`],
    ...Object.entries(versions),
  ];
  const busy = isBusy(report)
    ? `**The machine was busy with other things**: its load was ${load.start} on ${machine.cores} cores before anything was ` +
      "measured. Times are longer than on one that is idle, and p95 more than p50. Ratios hold better, for both sides of " +
      "one were measured on the same machine within a minute or so; counts and bytes do not depend on it. A time that misses its target here may meet it on an idle machine."
    : "The machine did nothing else when it began.";
  return ["## Where it was measured", keyTable(rows), busy];
}

function questions(figures: readonly ReportFigure[], verdicts: readonly Verdict[]): string[] {
  return [
    figureTable(figures, TIMES, verdicts),
    "Beside what they are compared with, p50 in ms:",
    besideTable(figures, "ms, p50"),
    "What each takes of D1 and R2, which is what is billed:",
    figureTable(figures, COSTS, verdicts),
    "Local R2 answers at once. Were each of its requests to take 30, 50 or 100 ms, six of them under way at once, the p50 " +
      "would be at most (a model, not a measurement):",
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
  const { title, what, statistic, baseline } = sectionWords(section, report.size);
  return [
    `## ${title}`,
    what,
    `- **Statistic:** ${statistic}\n- **Compared with:** ${baseline}`,
    ...charts.filter((chart) => chart.section === section).map((chart) => chartImage(chart, "benchmarks")),
    ...(section === "site-year" ? questions(figures, verdicts) : groups(figures, verdicts)),
  ];
}

/** docs/benchmarks.md. The same report gives the same text. */
export function benchmarksPage(report: BenchReport): string {
  const verdicts = verdictsOf(report.figures);
  const charts = chartsOf(report);
  const missed = verdicts.filter(({ isMet }) => !isMet).length;
  const parts = [
    "<!-- Written by `npm run bench -- --report`: change nothing by hand. -->",
    "# Benchmarks",
    "One run of `npm run bench -- --report`, whole, with nothing left out. A figure stands beside what it is compared with, " +
      "measured in the same run on the same machine. `2.5×` says that a candidate's figure is 2.5 times this project's: of " +
      "times, bytes and rows less is better. The same figures as JSON: [figures.json](benchmarks/figures.json).",
    ...setting(report),
    ...(report.notes.length === 0 ? [] : ["## The data", ...report.notes.map(markdownText)]),
    ...(verdicts.length === 0
      ? []
      : ["## Targets", `${verdicts.length - missed} of ${verdicts.length} are met.`, targetTable(verdicts)]),
    ...SECTIONS.flatMap((section) => sectionOf(section, report, verdicts, charts)),
    "## What this does not show",
    [
      "- **The network.** D1 and R2 are on the same machine, in workerd's own simulators: a round trip to them takes next " +
        "to nothing here, and tens of milliseconds on Cloudflare. So round trips, requests and bytes are listed: multiply.",
      "- **Cloudflare's machines.** Their CPU, their load and their limits are others. No figure here is of a deployment.",
      "- **Many isolates.** Cloudflare spreads many clients over several isolates; here one answers all.",
      "- **The caches.** No answer comes from the Cache API or as a 304.",
      "- **A real building.** All samples but those of the 25 rooms are invented: setpoints, statuses, rounded readings and " +
        "single-precision noise. How well a day file compresses depends on their mix.",
      "- **The dashboard.** `npm run bench:frames` counts its frames.",
    ].join("\n"),
    "## Doing it again",
    "```sh\nnpm run bench                    # all of it, as a table, and as JSON in .local/bench.json\n" +
      "npm run bench -- --only sync     # one section: " +
      `${SECTIONS.join(", ")}\n` +
      "npm run bench -- --report        # this page, its charts and README's figures\n```",
    "On Linux, for no other system tells a process's memory as simply. The first run builds the site's year: up to 12 minutes " +
      "and 5 GB in `.local/bench`, which is kept for the next run. `test/bench/` has the code, `bench.test.ts` runs all of it at a tiny size.",
  ];
  return `${parts.join("\n\n")}\n`;
}
