import type { HourAggregate, HourEdges } from "../rollups/hour-aggregates.ts";
import type { PastMeaning } from "../catalog/past-meanings.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { Series } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Stored } from "../read/stored.ts";
import { conversionBetween } from "./units.ts";

/** A point whose samples may have had other units than its current one. */
export interface PointUnits {
  /** current unit, normalised symbol; null: none, or unknown */
  readonly unit: string | null;
  /** ascending by `until` */
  readonly past: readonly PastMeaning[];
}

/** A range in which a point's samples had another unit than its current one. */
export interface PastUnit {
  /** half-open, epoch ms */
  readonly range: TimeRange;
  /** null: unknown */
  readonly unit: string | null;
  /** converts to the current unit; null: the units measure different quantities, and values stay unchanged */
  readonly convert: ((value: number) => number) | null;
}

/** The ranges of a point with another unit, ascending; empty if the unit never changed. */
export function pastUnits({ unit, past }: PointUnits): PastUnit[] {
  return past.flatMap((meaning, i): PastUnit[] => {
    if (meaning.unit === unit) return [];
    const range = { start: past[i - 1]?.until ?? Number.NEGATIVE_INFINITY, end: meaning.until };
    const convert = meaning.unit === null || unit === null ? null : conversionBetween(meaning.unit, unit);
    return [{ range, unit: meaning.unit, convert }];
  });
}

/** The past units in a range. */
export function unitsIn(past: readonly PastUnit[], { start, end }: TimeRange): readonly PastUnit[] {
  return past.filter(({ range }) => range.start < end && range.end > start);
}

function conversionAt(past: readonly PastUnit[], time: number): PastUnit["convert"] {
  return past.find(({ range }) => time >= range.start && time < range.end)?.convert ?? null;
}

/** Converts a value to the point's current unit. @param time epoch ms */
export function inUnitOfNow(past: readonly PastUnit[], time: number, value: number): number {
  return conversionAt(past, time)?.(value) ?? value;
}

/** Converts samples to the point's current unit. */
export function seriesInUnitOfNow(past: readonly PastUnit[], series: Series): Series {
  if (past.length === 0) return series;
  return { ...series, values: series.values.map((value, i) => inUnitOfNow(past, series.times[i]!, value)) };
}

/**
 * Converts an hour's aggregate to the point's current unit. @param hour its start, epoch ms; no unit changed within it
 */
export function aggregateInUnitOfNow(past: readonly PastUnit[], hour: number, aggregate: HourAggregate): HourAggregate {
  const convert = conversionAt(past, hour);
  if (convert === null) return aggregate;
  const { n, min, max, sum, edges } = aggregate;
  return {
    n,
    min: convert(min),
    max: convert(max),
    sum: n * convert(sum / n),
    edges: edges && converted(edges, convert),
  };
}

function converted(edges: HourEdges, convert: (value: number) => number): HourEdges {
  const { first, last, fall } = edges;
  return {
    ...edges,
    first: convert(first),
    last: convert(last),
    fall: fall && { from: convert(fall.from), to: convert(fall.to) },
  };
}

/** Starts of the hours of a range in which the unit of a point changed, in no order, epoch ms. */
export function unitChangeHours(points: readonly PointUnits[], { start, end }: TimeRange): number[] {
  const changed = points.flatMap((point) =>
    pastUnits(point).flatMap(({ range }) => [range.start, range.end].filter(Number.isFinite)),
  );
  return changed.map(hourOf).filter((hour) => hour + HOUR_MS > start && hour < end);
}

/**
 * Marks hours with a unit change as hours without rollups, so that their samples are read: their aggregates mix two
 * units.
 */
export function withUnitChanges(stored: Stored, points: readonly PointUnits[], range: TimeRange): Stored {
  const hours = unitChangeHours(points, range);
  if (hours.length === 0) return stored;
  return { ...stored, withoutRollups: [...new Set([...stored.withoutRollups, ...hours])].sort((a, b) => a - b) };
}
