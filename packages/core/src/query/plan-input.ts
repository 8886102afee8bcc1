import type { Aggregation } from "../analysis/agg.ts";
import type { Interval } from "../domain/interval.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Stored } from "../read/stored.ts";
import type { Fill } from "./fill.ts";

export interface PlannedPoint {
  readonly id: number;
  readonly name: string;
  /** for people; null or absent: none is known */
  readonly label?: string | null;
  /** normalised symbol; null: none */
  readonly unit: string | null;
  /** milliseconds between samples; null: unknown */
  readonly cadenceMs: number | null;
  /** absent: the mean, minimum, maximum and count of each bucket */
  readonly aggregation?: Aggregation;
}

export interface PlanInput<P extends PlannedPoint = PlannedPoint> {
  readonly points: readonly P[];
  readonly range: TimeRange;
  readonly interval: Interval | "auto";
  /** `auto` chooses the finest interval whose series have at most this many points */
  readonly maxPoints: number;
  /** IANA zone whose clock bounds the buckets of 1hr and 1day */
  readonly timeZone: string;
  /**
   * bounds of buckets of the request's own, ascending, the first and last those of `range`; null or absent: those of
   * `interval`, which then stands for the limits only
   */
  readonly bounds?: Float64Array | null;
  /** fill of empty buckets; filled buckets count, and `auto` takes buckets if it is a value */
  readonly fill?: Fill;
  /** contents of both levels for the range */
  readonly stored: Stored;
  /** all data served before it is stored, epoch ms; null: no sync window has ended */
  readonly watermark: number | null;
}
