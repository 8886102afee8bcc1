import { gapsOf, longestStep, type Stretch } from "./gaps.ts";
import type { ChartSeries } from "./series.ts";

/** A series with its style. */
export interface ShownSeries extends ChartSeries {
  /** its colour's name in styles/tokens.css */
  readonly color: string;
  /** true for weather, which lies over the chosen points */
  readonly isDashed: boolean;
  /** the longest time between two samples that is not a gap, ms */
  readonly longest: number;
  /** stretches without samples, inside the requested range */
  readonly gaps: readonly Stretch[];
}

/**
 * @param gapAfterMs as for {@link longestStep}
 * @param start start of the data, epoch ms @param end up to here there can be samples
 */
export function shownSeries(
  series: ChartSeries,
  look: { readonly color: string; readonly isDashed: boolean },
  gapAfterMs: number | null | undefined,
  start: number,
  end: number,
): ShownSeries {
  const longest = longestStep(series, gapAfterMs);
  return { ...series, ...look, longest, gaps: gapsOf(series, longest, start, end) };
}
