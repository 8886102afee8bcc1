import { dayStart } from "../domain/day.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import type { GroupedSamples } from "./arrivals.ts";
import { type NewSegment, segmentsOf } from "./new-segments.ts";
import type { PointPart } from "./segment-body.ts";
import { NO_STORED_SERIES, type StoredSeries } from "./stored-series.ts";

/** What happened to the samples of a call; the four counts add up to all of them. */
export interface StoredCounts {
  /** samples at a (point, time) that had none */
  readonly inserted: number;
  /** samples that differ from the stored one and replaced it, unless the mode is `add` */
  readonly changed: number;
  /** samples equal to the stored one, bit for bit */
  readonly unchanged: number;
  /**
   * samples that lost against another one of the same point and millisecond: a later one of the call, or one requested
   * later
   */
  readonly superseded: number;
}

export function plusCounts(a: StoredCounts, b: StoredCounts): StoredCounts {
  return {
    inserted: a.inserted + b.inserted,
    changed: a.changed + b.changed,
    unchanged: a.unchanged + b.unchanged,
    superseded: a.superseded + b.superseded,
  };
}

/** Samples of one request. */
export interface Arrival {
  readonly samples: PointSamples;
  /** when their request was sent, epoch ms; 0: they do not come from the API, or the API may have newer ones */
  readonly asked: number;
  /** `win`: replaces a stored value that was requested earlier; `add`: fills only times without a sample */
  readonly mode: "win" | "add";
}

/**
 * Reads the samples of points in a day's file; a point that the file does not have is absent. `asked` is that of the
 * file's hour.
 * @param day whole days since 1970
 */
export type FiledSamples = (day: number, pointIds: readonly number[]) => Promise<ReadonlyMap<number, StoredSeries>>;

/** A watermark is never ahead of the clock, so no sample is late earlier than this after its hour began. */
const LATE_MS = 2 * HOUR_MS;

/** Late samples of days, by day and point id. */
export type LateCounts = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** What to write, and the counts once it is written. */
export interface Comparison {
  readonly segments: readonly NewSegment[];
  /** of each arrival */
  readonly counts: readonly StoredCounts[];
  readonly late: LateCounts;
}

/** What is already stored at the times of arrivals. */
export interface StoredBefore {
  /** by point id */
  readonly series: ReadonlyMap<number, StoredSeries>;
  /** of the site; null: none, or late samples are not counted yet */
  readonly watermark: number | null;
}

/** Finds the samples that differ from the stored ones. @param now epoch ms */
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
