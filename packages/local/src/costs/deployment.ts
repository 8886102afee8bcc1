import { PART_BYTES } from "@building-vitals/core/r2/multipart-sink";
import type { OperationCounts } from "./counts.ts";
import type { Measured } from "./measured.ts";
import type { Terms } from "./terms.ts";

/** What is to be paid for. */
export interface Deployment {
  /** of a site */
  readonly points: number;
  /** seconds between two samples of a point */
  readonly interval: number;
  /** all alike; each as if it was alone */
  readonly sites: number;
  /** to the query Worker, a month, of all sites together */
  readonly queries: number;
  /** days whose samples are in segments: today, and those that are not settled yet */
  readonly daysYoung: number;
  /** of history that is stored, the young days among them */
  readonly years: number;
  /** between two syncs */
  readonly syncMinutes: number;
  /** whether the sites keep month files */
  readonly monthFiles: boolean;
}

export const DAYS_PER_MONTH = 30;
const DAYS_PER_YEAR = 365;
/** What was measured was: samples a minute. */
const MEASURED_INTERVAL = 60;

export function samplesADay({ points, interval }: Deployment): number {
  return (points * 86_400) / interval;
}

/** Days of history that are stored. */
export function historyDays({ years, daysYoung }: Deployment): number {
  return Math.max(years * DAYS_PER_YEAR, daysYoung);
}

/** Bytes of a site's day file. */
export function fileBytes(deployment: Deployment, measured: Measured): number {
  return samplesADay(deployment) * measured.bytes.r2PerSample;
}

/** A file that does not fit one put is begun, brought in parts, and completed. */
export function moreParts(bytes: number): number {
  return bytes > PART_BYTES ? Math.ceil(bytes / PART_BYTES) + 1 : 0;
}

/** Terms of another cadence: CPU per point goes by samples. Rows go by blocks and hours, and stay; operations go by points. */
export function atInterval(terms: Terms, { interval }: Deployment): Terms {
  const share = MEASURED_INTERVAL / interval;
  const scaled = (counts: OperationCounts) => ({ ...counts, cpuMs: counts.cpuMs * share });
  return { ...terms, perPoint: scaled(terms.perPoint), perPointDay: scaled(terms.perPointDay) };
}
