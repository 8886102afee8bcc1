import type { Interval } from "../domain/interval.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Stored } from "../read/stored.ts";
import type { Fill } from "./fill.ts";

export interface PlannedPoint {
  readonly id: number;
  readonly name: string;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  /** milliseconds between samples; null: unknown */
  readonly cadenceMs: number | null;
}

export interface PlanInput<P extends PlannedPoint = PlannedPoint> {
  readonly points: readonly P[];
  readonly range: TimeRange;
  readonly interval: Interval | "auto";
  /** `auto` takes the finest interval whose series have at most so many points */
  readonly maxPoints: number;
  /** IANA zone whose clock bounds the buckets of 1hr and 1day */
  readonly timeZone: string;
  /** what is put into buckets without samples, which then count; `auto` takes buckets where it is a value */
  readonly fill?: Fill;
  /** what both levels hold of the range */
  readonly stored: Stored;
  /** all before it that the API served was stored, epoch ms; null: no window of the sync has ended */
  readonly watermark: number | null;
}
