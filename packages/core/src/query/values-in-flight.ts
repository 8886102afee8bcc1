import { DAY_MS, HOURS_PER_DAY } from "../domain/day.ts";
import {
  CARRIED_READS,
  MAX_POINT_DAYS,
  MAX_POINT_SAMPLES,
  MAX_ROLLUPS,
  MAX_VALUES,
  ROLLUPS_AT_ONCE,
  SAMPLES_PER_BLOCK,
} from "../read/limits.ts";
import { computedFrom, finestInterval, needsSamples } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";
import { seriesValues } from "./refusal.ts";

/** Memory of a D1 row while its answer is made, in values of 16 to 28 bytes. */
export const VALUES_PER_ROW = 10;

/** Samples of a point's day at one per minute. */
const SAMPLES_PER_DAY = 1_440;

/**
 * An upper bound of the values that a query holds at once: its answer, the samples or hourly aggregates read together,
 * and the rows that locate them. Pure, and known before any read. It bounds only queries that the planner accepts; a
 * refused one may count as less.
 */
export function valuesInFlight(query: Omit<PlanInput, "stored" | "watermark">): number {
  const { points, range, timeZone, bounds = null } = query;
  const interval = query.interval === "auto" ? finestInterval(query, () => true) : query.interval;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const isFilled = (query.fill ?? "none") !== "none" && interval !== "raw";
  const answer =
    bounds === null
      ? sum(points.map(({ cadenceMs }) => seriesValues(range, interval, isFilled ? 0 : cadenceMs)))
      : points.length * bounds.length;
  const days = Math.ceil((range.end - range.start) / DAY_MS) + 1;
  const pointDays = points.length * days;
  const isFromHours = computedFrom(range, interval, timeZone, bounds) === "hours";
  const sampled = isFromHours ? points.filter(needsSamples) : points;
  const samples = sampled.map(({ cadenceMs }) => seriesValues(range, "raw", cadenceMs));
  const largest = Math.min(MAX_POINT_SAMPLES, Math.max(0, ...samples));
  const block = Math.min(Math.max(largest, SAMPLES_PER_BLOCK), sum(samples));
  // Samples exist twice while days are joined and the levels merged.
  const hourly = isFromHours ? HOURS_PER_DAY * Math.min(pointDays, ROLLUPS_AT_ONCE) : 0;
  const isCarried = isFromHours && query.fill === "locf";
  const carried = isCarried ? 2 * SAMPLES_PER_DAY * Math.min(pointDays, CARRIED_READS) : 0;
  const read = Math.max(hourly + carried, 2 * block);
  const rows = VALUES_PER_ROW * Math.min(pointDays, isFromHours ? MAX_ROLLUPS : MAX_POINT_DAYS);
  return Math.ceil(Math.min(answer, MAX_VALUES) + read + rows);
}
