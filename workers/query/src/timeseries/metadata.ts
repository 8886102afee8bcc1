import { cut } from "@building-vitals/core/domain/time-range";
import type { Interval } from "@building-vitals/core/domain/interval";
import type { QueryAnswer } from "@building-vitals/core/query/execute";
import type { Fill } from "@building-vitals/core/query/fill";
import type { ComputedFrom } from "@building-vitals/core/read/needs";
import type { JudgeablePoint } from "@building-vitals/core/query/judge-point";
import { pastUnits, unitsIn } from "@building-vitals/core/query/past-units";
import type { QueryPlan } from "@building-vitals/core/query/plan";
import type { Downsampled } from "@building-vitals/core/query/shape";
import type { UnitSystem } from "@building-vitals/core/query/units";

/** What an answer states about itself: its sources, and the data that it lacks. */
export interface Metadata {
  /** [start_time, end_time) in epoch ms: the range as it was understood */
  readonly start_time: number;
  readonly end_time: number;
  /** `bounds`: buckets of the request's own */
  readonly interval: Interval | "bounds";
  /**
   * `hours`: buckets come from hourly aggregates, and from samples for hours without an aggregate; missing time is then
   * in whole hours. `samples`: all samples were read, as for raw series and for zones that are not whole hours from UTC
   */
  readonly computed_from: ComputedFrom;
  /** stored samples behind the answer */
  readonly total_samples: number;
  /** the levels that gave samples */
  readonly sources: readonly ("D1" | "R2")[];
  /** `samples` of both add up to `total_samples`: a sample of both levels counts as hot */
  readonly storage_tiers: {
    readonly hot: { readonly samples: number; readonly statements: number; readonly rows_read: number };
    /** `requests` to R2, the `bytes` they returned, and the day `files` in which samples were searched */
    readonly cold: {
      readonly samples: number;
      readonly files: number;
      readonly requests: number;
      readonly bytes: number;
    };
  };
  /**
   * 0..1: share of the samples expected from the cadences up to `pending`, rounded down, so that 1 means all; null: no
   * sample was expected, or some point cannot be judged
   */
  readonly completeness: number | null;
  /** [start, end) in epoch ms: time in which `unjudged_points` may lack samples, because their cadence is unknown */
  readonly unknown: readonly (readonly [number, number])[];
  /** names of points without a known cadence, such as points that send only changes */
  readonly unjudged_points: readonly string[];
  /**
   * [start, end) in epoch ms: a point has a gap (docs/decisions/0010-gaps.md), neither level holds that time, or its
   * day file cannot be read
   */
  readonly missing: readonly (readonly [number, number])[];
  /**
   * [start, end) in epoch ms: not known to be complete yet, because no sync or backfill has reached it; null: all of
   * the range is complete
   */
  readonly pending: readonly [number, number] | null;
  /** how raw series were thinned, and from how many samples to how many; null: not thinned */
  readonly downsampled: Downsampled | null;
  readonly fill: Fill;
  readonly units: UnitSystem;
  /**
   * points whose unit changed: the samples in [start, end) (epoch ms) arrived in `unit`. `converted`: true if they are
   * converted to the point's present unit; false if the two units measure different quantities
   */
  readonly unit_changes: readonly {
    readonly point_name: string;
    readonly start: number;
    readonly end: number;
    readonly unit: string | null;
    readonly converted: boolean;
  }[];
  /** requested names that no point of the site has */
  readonly unknown_points: readonly string[];
  /** true: a part of the storage could not be read */
  readonly partial: boolean;
  readonly cache_hit: boolean;
  readonly query_time_ms: number;
}

/** @param queryTimeMs from the request to the last read */
export function metadataOf(
  answer: QueryAnswer,
  { interval, range, computedFrom }: Pick<QueryPlan, "range" | "computedFrom"> & Pick<Metadata, "interval">,
  points: readonly JudgeablePoint[],
  request: Pick<Metadata, "downsampled" | "fill" | "units" | "unknown_points">,
  queryTimeMs: number,
): Metadata {
  const { completeness, unjudged, hot, cold, until } = answer;
  const isKnown = unjudged.length === 0 && completeness.expected > 0;
  const isAnyUnknown = unjudged.length > 0 && until > range.start;
  return {
    start_time: range.start,
    end_time: range.end,
    interval,
    computed_from: computedFrom,
    total_samples: answer.samples,
    sources: [...(hot.samples > 0 ? (["D1"] as const) : []), ...(cold.samples > 0 ? (["R2"] as const) : [])],
    storage_tiers: {
      hot: { samples: hot.samples, statements: hot.statements, rows_read: hot.rowsRead },
      cold: { samples: cold.samples, files: cold.files, requests: cold.requests, bytes: cold.bytes },
    },
    completeness: isKnown ? Math.floor((completeness.present / completeness.expected) * 10_000) / 10_000 : null,
    unknown: isAnyUnknown ? [[range.start, until]] : [],
    unjudged_points: unjudged,
    missing: answer.missing.map(({ start, end }) => [start, end]),
    pending: until < range.end ? [until, range.end] : null,
    ...request,
    unit_changes: points.flatMap((point) =>
      unitsIn(pastUnits(point), range).map(({ range: unitRange, unit, convert }) => {
        const { start, end } = cut(unitRange, range);
        return { point_name: point.name, start, end, unit, converted: convert !== null };
      }),
    ),
    partial: answer.partial,
    cache_hit: false,
    query_time_ms: queryTimeMs,
  };
}
