import { bytesText, formatCount, settlingFigures } from "../backfill/format-backfill.ts";
import { DAY_MEANINGS, DAY_LABELS, isProvisional } from "../backfill/job-days.ts";
import type { CoverageDay } from "./health-api.ts";
import { isBehind } from "./lag.ts";

/** The states of a day, in the order of the legend. */
export const COVERAGE_STATES = [
  "hot",
  "written",
  "provisional",
  "confirmed-empty",
  "suspect",
  "failed",
  "deleted",
  "awaiting",
  "hole",
  "none",
] as const;
export type CoverageState = (typeof COVERAGE_STATES)[number];

export const COVERAGE_LABELS: Record<CoverageState, string> = {
  hot: "Recent",
  written: "Archived",
  provisional: DAY_LABELS.provisional,
  "confirmed-empty": "Empty",
  suspect: "Suspect",
  failed: "Failed",
  deleted: "Deleted",
  awaiting: DAY_LABELS.awaiting,
  hole: "Missing",
  none: "Nothing yet",
};

export const COVERAGE_MEANINGS: Record<CoverageState, string> = {
  hot: "in the recent store (D1)",
  written: "in a day file (R2)",
  provisional: DAY_MEANINGS.provisional,
  "confirmed-empty": "the building's API confirmed that it has no samples",
  suspect: "its file is damaged or not the one written, and is not read",
  failed: "its file could not be built",
  deleted: "its samples were deleted",
  awaiting: DAY_MEANINGS.awaiting,
  hole: "nothing is stored, although earlier days are",
  none: "nothing is stored: it has only begun, or no earlier day of these months is stored",
};

/** A day and its state. */
export interface ShownDay {
  readonly day: CoverageDay;
  readonly state: CoverageState;
}

/**
 * A day that has only begun is no hole: the next sync brings its samples.
 * @param days ascending, without holes
 * @param now epoch ms
 */
export function coverageStates(days: readonly CoverageDay[], now: number): ShownDay[] {
  const begin = days.findIndex((day) => ownState(day) !== null);
  const isHole = ({ date }: CoverageDay, i: number) => begin >= 0 && i > begin && isBehind(now - Date.parse(date));
  return days.map((day, i) => ({ day, state: ownState(day) ?? (isHole(day, i) ? "hole" : "none") }));
}

/** States whose meaning is shown beside the figures. */
const EXPLAINED: ReadonlySet<CoverageState> = new Set(["provisional", "awaiting", "confirmed-empty"]);

/** null: nothing is stored. */
function ownState({ hot, cold, settling }: CoverageDay): CoverageState | null {
  if (isProvisional(cold, settling?.due_at ?? null)) return "provisional";
  // A fault has priority, even if a part of the day is stored.
  if (cold.state !== "missing" && cold.state !== "confirmed-empty" && cold.state !== "deleted") return cold.state;
  if (hot.hours > 0) return "hot";
  if (cold.state === "missing") return settling !== null && settling.due_at !== null ? "awaiting" : null;
  return cold.state;
}

/** The figures of a day as text; without figures, the meaning of its state. */
export function dayFigures({ day, state }: ShownDay): string[] {
  const { hot, cold } = day;
  const figures = [
    ...(cold.rows > 0
      ? [formatCount(cold.rows, "sample"), `of ${formatCount(cold.points, "point")}`, `${bytesText(cold.bytes)} in R2`]
      : []),
    ...(hot.hours > 0 ? [`${formatCount(hot.hours, "hour")} in D1`] : []),
    ...(cold.reason === null ? [] : [cold.reason]),
    ...(day.settling === null ? [] : settlingFigures(day.settling)),
  ];
  return figures.length === 0 || EXPLAINED.has(state) ? [COVERAGE_MEANINGS[state], ...figures] : figures;
}
