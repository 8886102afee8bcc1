import { dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import type { GroupedSamples } from "./arrivals.ts";
import { type NewSegment, segmentsOf } from "./new-segments.ts";
import type { PointPart } from "./segment-body.ts";
import { NO_STORED_SERIES, type StoredSeries } from "./stored-series.ts";

/** What storing did with each sample it was given; the four add up to the samples given. */
export interface StoredCounts {
  /** samples at a (point, time) that held none before */
  readonly inserted: number;
  /** samples that took the place of another value */
  readonly changed: number;
  /** samples that were there already, bit for bit */
  readonly unchanged: number;
  /** samples for which another one of the same point and millisecond was kept: a later one of the call, or one asked for later */
  readonly superseded: number;
}

/** Counts of two calls together. */
export function plusCounts(a: StoredCounts, b: StoredCounts): StoredCounts {
  return {
    inserted: a.inserted + b.inserted,
    changed: a.changed + b.changed,
    unchanged: a.unchanged + b.unchanged,
    superseded: a.superseded + b.superseded,
  };
}

/** Samples that came together. */
export interface Arrival {
  readonly samples: PointSamples;
  /** when the request that brought them was sent, epoch ms; 0: they do not come from the API, or are not its last word */
  readonly asked: number;
  /** `win`: over a stored value that was asked for earlier; `add`: only where no sample is stored */
  readonly mode: "win" | "add";
}

/**
 * Reads what a day's file has of some points; a point that it does not have is absent. `asked` is that of the file's hour.
 * @param day whole days since 1970
 */
export type FiledSamples = (day: number, pointIds: readonly number[]) => Promise<ReadonlyMap<number, StoredSeries>>;

/** A watermark is never ahead of the clock, so that no sample is late before this after the start of its hour. */
const LATE_MS = 2 * HOUR_MS;

/** How many samples of a day are late, by day and point id. */
export type LateCounts = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** What is to be stored, and how the samples count when it is. */
export interface Comparison {
  readonly segments: readonly NewSegment[];
  /** of each arrival */
  readonly counts: readonly StoredCounts[];
  readonly late: LateCounts;
}

/** What is stored at the times of arrivals. */
export interface StoredBefore {
  /** by point id */
  readonly series: ReadonlyMap<number, StoredSeries>;
  /** the site's; null: none, or late samples are not counted yet */
  readonly watermark: number | null;
}

/** Tells new samples from those that are stored. @param now epoch ms */
export function compareArrivals(
  now: number,
  arrivals: readonly Arrival[],
  grouped: readonly GroupedSamples[],
  { series, watermark }: StoredBefore,
): Comparison {
  const segments: NewSegment[] = [];
  const late = new Map<number, Map<number, number>>();
  const isLate = (time: number) => watermark !== null && hourOf(time) + LATE_MS < Math.min(watermark, now);
  const counts = arrivals.map(({ asked, mode }, index) => {
    const { days, repeated, replaced } = grouped[index]!;
    const sums = { inserted: 0, changed: 0, unchanged: repeated, superseded: replaced };
    for (const [day, parts] of days) {
      const fresh = parts.flatMap((part): PointPart[] => {
        const stored = series.get(part.pointId) ?? NO_STORED_SERIES;
        const offsets: number[] = [];
        const values: number[] = [];
        let at = 0;
        for (const [i, offset] of part.offsets.entries()) {
          const time = dayStart(day) + offset;
          while (at < stored.times.length && stored.times[at]! < time) at++;
          const isStored = stored.times[at] === time;
          if (isStored && Object.is(stored.values[at], part.values[i])) {
            sums.unchanged++;
            continue;
          }
          if (isStored && mode === "win" && asked < stored.asked[at]!) {
            sums.superseded++;
            continue;
          }
          if (isStored) sums.changed++;
          else sums.inserted++;
          if (isStored && mode === "add") continue;
          if (!isStored && isLate(time)) {
            const ofDay = late.get(day) ?? new Map<number, number>();
            late.set(day, ofDay.set(part.pointId, (ofDay.get(part.pointId) ?? 0) + 1));
          }
          offsets.push(offset);
          values.push(part.values[i]!);
        }
        return offsets.length === 0 ? [] : [{ pointId: part.pointId, offsets, values }];
      });
      segments.push(...segmentsOf(day, asked, fresh));
    }
    return sums;
  });
  return { segments, counts, late };
}
