/** The quality of one point's UTC day. null: not judged, because the required metadata is unknown. */
export interface PointDayQuality {
  /** 0 to 1, {@link scoreOf}; null: nothing was judged */
  readonly score: number | null;
  /** samples that the cadence leads to expect; null: the cadence is unknown */
  readonly expected: number | null;
  /** samples of the day */
  readonly actual: number;
  /** missing expected samples; surplus samples do not make up for them */
  readonly missing: number | null;
  /** samples outside the plausible range of the unit; null: the unit is unknown */
  readonly outOfRange: number | null;
  /** samples in range, but far from the day's median; null for setpoints and states */
  readonly outliers: number | null;
  /** single samples in range that jump and return; null for setpoints and states */
  readonly spikes: number | null;
  /** seconds that the sensor was stuck; null: its value may be constant */
  readonly flatS: number | null;
  /** samples stored more than an hour after the sync passed their hour; null: unknown */
  readonly late: number | null;
}

/** A lower score is poor: the threshold of earlier documents. */
export const POOR_SCORE = 0.8;

/** Raised with every change of the rules. Days with an older version are judged again. */
export const FORMULA_VERSION = 3;

/**
 * The form of `block_days.quality`: [score, expected, actual, missing, out of range, outliers, spikes, flat s, late].
 */
export function qualityValues(quality: PointDayQuality): (number | null)[] {
  const { score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late } = quality;
  return [score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late];
}
