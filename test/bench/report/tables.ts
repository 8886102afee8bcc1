import type { ReportFigure } from "./bench-report.ts";
import { figureText, ratioText } from "./figure-text.ts";
import { type Verdict, verdictOf } from "./targets.ts";

/** Escapes text for Markdown, also in a table. */
export function markdownText(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|&#~]/g, "\\$&");
}

/** @param rows cells in Markdown @param texts columns with text, not numbers */
function table(head: readonly string[], rows: readonly (readonly string[])[], texts: readonly number[] = [0]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (texts.includes(i) ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function withTarget(figure: ReportFigure, verdicts: readonly Verdict[]): string {
  const verdict = verdictOf(figure, verdicts);
  const shown = figureText(figure.value);
  if (verdict === undefined) return shown;
  return `${shown} (target ${figureText(verdict.target.limit)}: ${verdict.isMet ? "met" : "**missed**"})`;
}

/** A group's figures, a column per candidate, with the ratio to the first one. */
export function candidateTable(figures: readonly ReportFigure[], verdicts: readonly Verdict[]): string {
  const candidates = [...new Set(figures.map(({ candidate }) => candidate))];
  const rows = [...Map.groupBy(figures, ({ figure }) => figure)].map(([figure, of]) => {
    const cells = candidates.map((candidate) => {
      const own = of.find((one) => one.candidate === candidate);
      if (own === undefined) return "";
      return own === of[0] ? withTarget(own, verdicts) : `${withTarget(own, verdicts)}, ${ratioText(own.ratio)}`;
    });
    return [markdownText(figure), ...cells];
  });
  return table(["", ...candidates.map(markdownText)], rows);
}

/** A row per group and a column per figure, of the group's first candidate. */
export function figureTable(
  figures: readonly ReportFigure[],
  columns: readonly string[],
  verdicts: readonly Verdict[],
): string {
  const rows: string[][] = [];
  for (const [group, of] of Map.groupBy(figures, (one) => one.group)) {
    const own = columns.map((column) => of.find(({ figure }) => figure === column));
    if (own.every((one) => one === undefined)) continue;
    rows.push([markdownText(group), ...own.map((one) => (one === undefined ? "" : withTarget(one, verdicts)))]);
  }
  return table(["", ...columns.map(markdownText)], rows);
}

/** A row per group and other candidate that has the figure. */
export function besideTable(figures: readonly ReportFigure[], figure: string): string {
  const rows: string[][] = [];
  for (const [group, of] of Map.groupBy(figures, (one) => one.group)) {
    const [own, ...others] = of.filter((one) => one.figure === figure);
    if (own === undefined) continue;
    for (const { candidate, value, ratio } of others) {
      rows.push([
        markdownText(group),
        figureText(own.value),
        `${markdownText(candidate)}: ${figureText(value)}`,
        ratioText(ratio),
      ]);
    }
  }
  return table(["", "this project", "compared with", "ratio"], rows, [0, 2]);
}

export function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target: { figure, candidate, limit, against, before, note }, own, value, isMet }) => {
    const of = candidate === null ? own.group : `${own.group}, ${candidate}`;
    const percent = against === null ? "" : "%";
    const what = against === null ? figure : `${figure}, relative to ${against}`;
    return [
      `${markdownText(of)}: ${markdownText(what)}`,
      `≤ ${figureText(limit)}${percent}`,
      `${figureText(value)}${percent}`,
      before === null ? "" : `${figureText(before)}${percent}`,
      isMet ? "met" : "**missed**",
      markdownText(note),
    ];
  });
  return table(["", "target", "measured", "first design", "", ""], rows, [0, 4, 5]);
}

export function keyTable(entries: readonly (readonly [key: string, value: string])[]): string {
  return [
    "| | |",
    "|---|---|",
    ...entries.map(([key, value]) => `| ${markdownText(key)} | ${markdownText(value)} |`),
  ].join("\n");
}
