import { gapsOf, longestStep, type Stretch } from "./gaps.ts";
import type { ChartSeries } from "./series.ts";

/** A series with how it is drawn. */
export interface ShownSeries extends ChartSeries {
  /** its colour's name in styles/tokens.css */
  readonly color: string;
  /** as weather is, which lies over what is charted */
  readonly isDashed: boolean;
  /** what may lie between two samples without a gap, ms */
  readonly longest: number;
  /** stretches without samples, of what the data was asked for */
  readonly gaps: readonly Stretch[];
}

/**
 * @param gapAfterMs as for {@link longestStep}
 * @param start where the data begins, epoch ms @param end how far there can be any
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
