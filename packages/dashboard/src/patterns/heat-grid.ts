import type { ChartSeries } from "../chart/series.ts";
import type { Day } from "./calendar.ts";
import { type HourSlot, hourSlots } from "./hour-slots.ts";
import type { Days } from "./patterns-state.ts";

/** An hour with its value and count. */
export interface HeatCell extends HourSlot {
  /** mean; null: no samples */
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** number of samples */
  readonly count: number;
  /** no sync or backfill has reached it: nothing can be missing */
  readonly isAhead: boolean;
}

export interface HeatDay {
  readonly day: Day;
  readonly cells: readonly HeatCell[];
}

/**
 * Hourly means by local day and hour.
 * @param hours buckets of `1hr` in the same zone
 * @param until end of the fetched data, epoch ms
 */
export function heatGrid(zone: string, { first, last }: Days, hours: ChartSeries, until: number): HeatDay[] {
  const indexOf = new Map(hours.times.map((time, i) => [time, i]));
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    day: first + i,
    cells: hourSlots(zone, first + i).map((slot): HeatCell => {
      const at = indexOf.get(slot.start);
      if (at === undefined) {
        return { ...slot, value: null, min: null, max: null, count: 0, isAhead: slot.start >= until };
      }
      const [value, min, max] = [hours.values[at]!, hours.min?.[at] ?? null, hours.max?.[at] ?? null];
      return { ...slot, value, min, max, count: hours.counts?.[at] ?? 1, isAhead: false };
    }),
  }));
}
