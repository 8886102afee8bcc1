import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseXmlDocument } from "slimdom";
import { describe, expect, it } from "vitest";
import { FULL_SIZE } from "../size.ts";
import { casesOf } from "../year-cases.ts";
import { drawBarChart } from "./bar-chart.ts";
import { type BenchReport, benchReportSchema, type ReportFigure } from "./bench-report.ts";
import { chartsOf } from "./charts.ts";
import { benchmarksPage } from "./markdown.ts";
import { TARGETS, verdictsOf } from "./targets.ts";
import { DATA_FILE, reportFiles } from "./write-report.ts";

const YEAR = "1 point x 365 days 1hr";

function figures(section: string, group: string, figure: string, ...values: [string, number][]): ReportFigure[] {
  return values.map(([candidate, value]) => {
    return { section, group, candidate, figure, value, ratio: value / values[0]![1] };
  });
}

const FIXED: BenchReport = {
  date: "2026-01-02T03:04:05.678Z",
  seconds: 300,
  commit: { id: "0123456789", isClean: true },
  machine: { cpu: "A <fast> | *new* CPU", cores: 4, memoryGb: 16, os: "Linux 6.1, x64" },
  load: { start: 0.5, end: 2.25, most: 3 },
  versions: { node: "v24.0.0", workerd: "1.2.3" },
  size: { decodes: 10, runs: 25 },
  notes: ["A year | of <data>."],
  figures: [
    ...figures("sync", "a sync: 100 samples", "rows written", ["hours", 4_583], ["rows | a <sample>", 22_915]),
    ...figures("sync", "a sync: 100 samples", "bytes a sample", ["hours", 33.5], ["rows | a <sample>", 23.28]),
    ...figures("day-file", "a day", "bytes a sample", ["ours", 1.5], ["DuckDB, sorted, zstd", 3]),
    ...figures("site-year", YEAR, "ms, p50", ["ours", 35]),
    ...figures("site-year", YEAR, "ms, p95", ["ours", 61.25]),
    ...figures("site-year", YEAR, "D1 rows read", ["ours", 1_234_567]),
    ...figures("site-year", "10 points x 20 days 5min, hot", "ms, p50", ["ours", 90], ["rows", 277]),
  ],
};

/** The tables of Markdown: rows of cells, as they are read. */
function tablesOf(markdown: string): string[][][] {
  const cells = (line: string) =>
    line
      .slice(2, -2)
      .split(/ (?<!\\)\| /)
      .map((cell) => cell.replaceAll(/\\([\\`*_[\]<>|&#~])/g, "$1"));
  return markdown.split("\n\n").flatMap((part) => {
    const lines = part.split("\n");
    return lines[0]!.startsWith("| ") ? [lines.map(cells)] : [];
  });
}

describe("the page", () => {
  const page = benchmarksPage(FIXED);
  const tables = tablesOf(page);

  it("has every figure beside its candidates, with their ratios", () => {
    expect(tables).toContainEqual([
      ["", "hours", "rows | a <sample>"],
      ["---", "---:", "---:"],
      ["rows written", "4,583 (target 100: **missed**)", "22,915, 5.00×"],
      ["bytes a sample", "33.5", "23.3, 0.69×"],
    ]);
    expect(tables).toContainEqual([
      ["", "this project", "compared with", "ratio"],
      ["---", "---:", "---", "---:"],
      ["10 points x 20 days 5min, hot", "90", "rows: 277", "3.08×"],
    ]);
  });

  it("has targets beside their figures, met and missed", () => {
    expect(tables).toContainEqual([
      ["", "ms, p50", "ms, p95", "ms, p50, over HTTP"],
      ["---", "---:", "---:", "---:"],
      [YEAR, "35 (target 20: **missed**)", "61.3", ""],
      ["10 points x 20 days 5min, hot", "90 (target 100: met)", "", ""],
    ]);
    const targets = tables.find(([head]) => head!.includes("target"))!.slice(2);
    expect(targets.map((cells) => cells.slice(0, 5))).toEqual([
      ["a sync: 100 samples: rows written", "≤ 100", "4,583", "4,584", "**missed**"],
      ["a day: bytes a sample", "≤ 1.45", "1.50", "1.42", "**missed**"],
      ["a day: bytes a sample, relative to DuckDB, sorted, zstd", "≤ 75%", "50%", "96.9%", "met"],
      ["10 points x 20 days 5min, hot: ms, p50", "≤ 100", "90", "128", "met"],
      [`${YEAR}: ms, p50`, "≤ 20", "35", "26", "**missed**"],
    ]);
    expect(page).toContain("2 of 5 targets are met.");
  });

  it("names the machine, with any characters", () => {
    const [setting] = tables;
    expect(setting).toContainEqual(["machine", "A <fast> | *new* CPU, 4 cores, 16 GB of memory"]);
    expect(setting).toContainEqual(["date", "2026-01-02 03:04 UTC, 5 minutes"]);
    expect(setting).toContainEqual(["commit", "0123456789"]);
    expect(setting).toContainEqual(["workerd", "1.2.3"]);
    expect(page).toContain("\nA year \\| of \\<data\\>.\n");
  });

  it("says of a busy machine that it was busy, and of a changed checkout that it was changed", () => {
    expect(page).toContain("was idle before the first measurement");
    const load = { start: 2.5, end: 0, most: 2.5 };
    const busy = benchmarksPage({ ...FIXED, load, commit: { id: "0123456789", isClean: false } });
    expect(busy).toContain("**The machine was busy with other work**: its load was 2.5 on 4 cores");
    expect(busy).not.toContain("was idle before");
    expect(busy).toContain("0123456789, with uncommitted changes");
  });

  it("shows every chart that there is, and names no other", () => {
    const shown = [...page.matchAll(/!\[.*\]\(benchmarks\/(.*)\.svg\)/g)].map(([, name]) => name);
    expect(shown).toEqual(chartsOf(FIXED).map(({ name }) => name));
    expect(shown).toEqual(["sync", "day-file", "questions-compared", "questions"]);
  });
});

it("a chart has the figures that it was made of, as the tables have them", () => {
  const [sync] = chartsOf(FIXED);
  const svg = parseXmlDocument(drawBarChart(sync!));
  const values = svg
    .getElementsByTagName("text")
    .filter((text) => text.parentElement?.getAttribute("class") === "value");
  expect(values.map(({ textContent }) => textContent)).toEqual([
    "4,583  ·  target 100",
    "22,915  ·  5.00×",
    "33.5 bytes",
    "23.3 bytes  ·  0.69×",
  ]);
});

it("the questions with a target are asked, as they are named", () => {
  const asked = new Set(["space in D1", ...casesOf(FULL_SIZE.year).map(({ name }) => name)]);
  const named = TARGETS.filter(({ section }) => section === "site-year").map(({ group }) => group);
  expect(named.filter((name) => name === null || !asked.has(name))).toEqual([]);
});

describe("the report that is kept", () => {
  const path = (of: string) => fileURLToPath(new URL(`../../../${of}`, import.meta.url));
  const read = (of: string) => readFileSync(path(of), "utf8");
  const kept = benchReportSchema.parse(JSON.parse(readFileSync(DATA_FILE, "utf8")));
  const files = reportFiles(kept, read("README.md"));

  // After a change of how it is shown: npm run bench -- --render
  it.each([...files.keys()])("%s is what is made of its figures", (file) => {
    expect(existsSync(path(file))).toBe(true);
    expect(read(file)).toBe(files.get(file));
  });

  it("has no chart that nothing makes", () => {
    const there = readdirSync(path("docs/benchmarks")).map((name) => `docs/benchmarks/${name}`);
    expect(there.filter((file) => !files.has(file))).toEqual([]);
  });

  it("has a figure for every target", () => {
    expect(verdictsOf(kept.figures).map(({ target }) => target)).toEqual(TARGETS);
  });

  it.each([...files].filter(([file]) => file.endsWith(".svg")))("%s is well-formed", (_, content) => {
    expect(parseXmlDocument(content).documentElement!.localName).toBe("svg");
  });
});
