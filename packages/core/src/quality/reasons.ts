import type { PointDayQuality } from "./point-day-quality.ts";

/** Kinds of faults of a point. */
export const QUALITY_REASONS = [
  "silent",
  "missing",
  "out_of_range",
  "outliers",
  "spikes",
  "flat_line",
  "late",
] as const;
export type QualityReason = (typeof QUALITY_REASONS)[number];

/** Faults of a point over some days. Counts are sums over the judged days. */
export interface PointFindings extends PointDayQuality {
  /** days without any sample, of a point with expected samples */
  readonly silentDays: number;
  /** normalised symbol; null: none */
  readonly unit: string | null;
}

/** The faults of a point as texts, worst kind first. */
export function reasonsOf(found: PointFindings): Map<QualityReason, string> {
  const { silentDays, expected, actual, missing, outOfRange, outliers, spikes, flatS, late, unit } = found;
  const reasons = new Map<QualityReason, string>();
  const add = (reason: QualityReason, count: number | null, text: (count: number) => string) => {
    if (count !== null && count > 0) reasons.set(reason, text(count));
  };
  add("silent", silentDays, (n) => `no samples at all on ${counted(n, "day")}`);
  add("missing", missing, (n) => `${n} of ${expected} expected samples are missing`);
  add("out_of_range", outOfRange, (n) => `${counted(n, "sample")} of ${actual} outside the plausible range in ${unit}`);
  add("flat_line", flatS, (n) => `stuck: no change at all for ${Math.round(n / 360) / 10} h`);
  add("outliers", outliers, (n) => `${counted(n, "outlier")}, far from the day's median`);
  add("spikes", spikes, (n) => `${counted(n, "spike")}, single samples that jump and return`);
  add("late", late, (n) => `${counted(n, "sample")} of ${actual} came late`);
  return reasons;
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
