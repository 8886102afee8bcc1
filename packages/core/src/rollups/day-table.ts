import { HOURS_PER_DAY } from "../domain/day.ts";
import { type BlockDayRow, blockDayRows } from "./block-day-rows.ts";
import { type HourAggregate, type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import { decodeSlice, encodeSlice } from "./hour-slice.ts";
import { StoredLocatorError } from "../parquet/locator.ts";
import { pointsOfRow, type StoredRow } from "./read-rows.ts";
import { changedRows } from "./write-rows.ts";

/** The aggregates of an hour, by point id. */
export type HourOfPoints = ReadonlyMap<number, HourAggregate>;

/** A point's day in a {@link DayTable}. */
interface PointHours {
  readonly hours: (HourAggregate | null)[];
  /** as stored; null: the hours have changed since */
  slice: Uint8Array | null;
}

/** The hourly aggregates of a site's day that has no file, and the stored rows to compare them with. */
export class DayTable {
  readonly #day: number;
  readonly #rows: readonly StoredRow[];
  readonly #points = new Map<number, PointHours>();
  /** whether the aggregates of some point are damaged */
  readonly isDamaged: boolean;
  /** aggregates that were replaced, counted by point and hour */
  changed = 0;

  constructor(day: number, rows: readonly StoredRow[]) {
    this.#day = day;
    this.#rows = rows;
    let isDamaged = false;
    for (const row of rows) {
      const points = pointsOfRow(row);
      if (points === null) isDamaged = true;
      for (const { pointId, slice } of points ?? []) {
        const hours = hoursOf(slice);
        if (hours === null) isDamaged = true;
        else this.#points.set(pointId, { hours: [...hours], slice });
      }
    }
    this.isDamaged = isDamaged;
  }

  /** Replaces the aggregates of an hour, 0 to 23. @returns how many changed */
  replaceHour(index: number, aggregates: HourOfPoints): number {
    const before = this.changed;
    for (const [pointId, aggregate] of aggregates) {
      const known = this.#points.get(pointId);
      if (known === undefined) {
        const hours = Array.from({ length: HOURS_PER_DAY }, (_, i) => (i === index ? aggregate : null));
        this.#points.set(pointId, { hours, slice: null });
        this.changed++;
      } else this.#replace(known, index, aggregate);
    }
    for (const [pointId, known] of this.#points) if (!aggregates.has(pointId)) this.#replace(known, index, null);
    return this.changed - before;
  }

  #replace(point: PointHours, index: number, aggregate: HourAggregate | null): void {
    if (isSame(point.hours[index] ?? null, aggregate)) return;
    point.hours[index] = aggregate;
    point.slice = null;
    this.changed++;
  }

  /** The rows that differ from the stored ones. */
  changedRows(): BlockDayRow[] {
    const points = [...this.#points].flatMap(([pointId, { hours, slice }]) => {
      if (hours.every((hour) => hour === null)) return [];
      return [{ pointId, slice: slice ?? encodeSlice({ hours, locator: null }), rows: null }];
    });
    return changedRows(this.#rows, blockDayRows(this.#day, points));
  }
}

/** null: they are damaged */
function hoursOf(slice: Uint8Array): HourAggregates | null {
  try {
    return decodeSlice(slice).hours;
  } catch (error) {
    if (error instanceof StoredHoursError || error instanceof StoredLocatorError) return null;
    throw error;
  }
}

function isSame(a: HourAggregate | null, b: HourAggregate | null): boolean {
  if (a === null || b === null) return a === b;
  return a.n === b.n && Object.is(a.min, b.min) && Object.is(a.max, b.max) && Object.is(a.sum, b.sum);
}
