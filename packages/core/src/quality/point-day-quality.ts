/** The quality of one point's UTC day. null: not judged, for what it takes is not known of the point. */
export interface PointDayQuality {
  /** 0 to 1, {@link scoreOf}; null: nothing could be judged */
  readonly score: number | null;
  /** samples that the cadence leads to expect of the day; null: the cadence is unknown */
  readonly expected: number | null;
  /** samples that there are */
  readonly actual: number;
  /** of the expected ones; samples that follow another too soon do not make up for others */
  readonly missing: number | null;
  /** samples that no sensor of the unit can rightly say; null: the unit is unknown */
  readonly outOfRange: number | null;
  /** samples in range far from the day's median; null: not of setpoints and states */
  readonly outliers: number | null;
  /** single samples in range that jump and return; null: not of setpoints and states */
  readonly spikes: number | null;
  /** seconds that the sensor was stuck; null: its value may stand still */
  readonly flatS: number | null;
  /** samples that were stored more than an hour after the sync had passed their hour; null: nobody watched */
  readonly late: number | null;
}

/** What a score says less of than this, is bad: the older documents' threshold. */
export const POOR_SCORE = 0.8;

/** Raised with every change of what is judged or how: what was scored before is scored again. */
export const FORMULA_VERSION = 3;

/** As `block_days.quality` keeps it: [score, expected, actual, missing, out of range, outliers, spikes, flat s, late]. */
export function qualityValues(quality: PointDayQuality): (number | null)[] {
  const { score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late } = quality;
  return [score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late];
}
