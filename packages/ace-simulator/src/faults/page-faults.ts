import { formatRowTime, type PageCursor, type Fraction } from "../api/cursor.ts";
import type { PageFaultRule } from "./fault-plan.ts";
import { hash32 } from "../building/noise.ts";
import type { Page } from "../api/timeseries-page.ts";

/** The page that a page fault hits. */
export interface PageFacts {
  readonly page: Page;
  readonly cursor: PageCursor | undefined;
  /** the incoming cursor, and the one before it in the same window */
  readonly cursorText: string | undefined;
  readonly previousCursorText: string | undefined;
}

/**
 * Whether a page ends in the time of its cursor. Clients then repair the cursor by counting the rows of that time. Such
 * a page must have exactly those rows: a repeated row would make them skip a good one.
 */
function isInsideCursorTime({ page, cursor }: PageFacts): boolean {
  return page.slices.at(-1)?.frame.timeUs === cursor?.timeUs;
}

/** Whether a fault can hit this page without costing a correct client good rows. */
export function canHit(rule: PageFaultRule, facts: PageFacts): boolean {
  switch (rule.fault) {
    case "repeat_cursor":
      return (rule.cycle ? facts.previousCursorText : facts.cursorText) !== undefined;
    case "empty_page_with_cursor":
      return true;
    case "duplicates":
      return facts.page.slices.length > 0 && !isInsideCursorTime(facts);
    case "bad_values":
    case "out_of_order":
      return facts.page.slices.length > 0;
  }
}

/** Every 20th row twice, side by side. */
export function withDuplicates(rows: readonly string[]): string[] {
  return rows.flatMap((row, index) => (index % 20 === 0 ? [row, row] : [row]));
}

/**
 * Adds invalid rows before the page's own. They name real points. Their time is a microsecond before the page's first
 * one, because rows of the last time must stay countable, see {@link isInsideCursorTime}.
 *
 * @param names JSON texts of point names, at least one
 * @param firstTimeUs the page's first time in epoch microseconds
 */
export function withBadValues(
  rows: readonly string[],
  names: readonly string[],
  firstTimeUs: number,
  fraction: Fraction,
): string[] {
  const time = `"${formatRowTime(firstTimeUs - 1, fraction)}"`;
  const bad: [value: string, time: string][] = [
    ['"NaN"', time],
    ["null", time],
    ['"{fault}"', time],
    ['"Infinity"', time],
    ['"1e999"', time],
    ['""', time],
    ['"21.5"', '"yesterday"'],
    ['"21.5"', "null"],
  ];
  return [
    ...bad.map(([value, at], index) => `{"name":${names[index % names.length]!},"value":${value},"time":${at}}`),
    ...rows,
  ];
}

/** Shuffles all rows but the last, so that "the time of the page's last row" keeps its meaning. */
export function shuffled(rows: readonly string[], seed: number): string[] {
  const mixed = [...rows];
  for (let i = mixed.length - 2; i > 0; i--) {
    const j = hash32(seed, i) % (i + 1);
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}
