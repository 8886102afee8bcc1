import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawBarChart } from "./bar-chart.ts";
import type { BenchReport } from "./bench-report.ts";
import { chartsOf } from "./charts.ts";
import { withHighlights } from "./highlights.ts";
import { benchmarksPage } from "./markdown.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHARTS = "docs/benchmarks";

/** The figures that the committed report was made of. */
export const DATA_FILE = join(ROOT, CHARTS, "figures.json");

/** All files of a report, by their path from the repository's root. */
export function reportFiles(report: BenchReport, readme: string): Map<string, string> {
  return new Map([
    ["README.md", withHighlights(readme, report)],
    ["docs/benchmarks.md", benchmarksPage(report)],
    [`${CHARTS}/figures.json`, `${JSON.stringify(report, null, 2)}\n`],
    ...chartsOf(report).map((chart) => [`${CHARTS}/${chart.name}.svg`, drawBarChart(chart)] as const),
  ]);
}

/** Writes them; charts that there are no more go. */
export async function writeReport(report: BenchReport): Promise<void> {
  const files = reportFiles(report, await readFile(join(ROOT, "README.md"), "utf8"));
  await mkdir(join(ROOT, CHARTS), { recursive: true });
  for (const name of await readdir(join(ROOT, CHARTS))) {
    if (!files.has(`${CHARTS}/${name}`)) await rm(join(ROOT, CHARTS, name));
  }
  for (const [path, content] of files) {
    await writeFile(join(ROOT, path), content);
    console.log(path);
  }
}
