import { monthDays, monthOf } from "../domain/month.ts";
import { isInt, isText, orNull, rowsOf } from "../d1/checked-rows.ts";
import { hexBytes } from "../bytes/hex.ts";
import { type HourAggregates, StoredHoursError } from "./hour-aggregates.ts";
import type { Locator } from "../parquet/locator.ts";
import { pointAndMonth, pointMonthKey } from "./month-key.ts";
import { decodeMonthHead, decodeSlicesHours, type LocatedMonth, type MonthHead } from "./point-month.ts";
import { DAMAGED_SLICE, type StoredSlice, unlessDamaged } from "./stored-slice.ts";

/** A row of `point_months`. */
export interface PackedRow {
  readonly key: number;
  /** hexadecimal, like `hours` */
  readonly head: string;
  /** null: not read */
  readonly hours: string | null;
}

/** ?1: JSON array of keys. */
const READ_ROWS = `
SELECT m.key, hex(m.head) AS head, hex(m.hours) AS hours
FROM json_each(?1) k CROSS JOIN point_months m ON m.key = k.value`;

/** Reads the rows of `point_months` with these keys that exist, for {@link parsePackedRows}. */
export function packedRowsStatement(db: D1Database, keys: readonly number[]): D1PreparedStatement {
  return db.prepare(READ_ROWS).bind(JSON.stringify(keys));
}

/** Parses rows of key, and of head and hours as `hex()` writes them. @throws {Error} for a malformed row */
export const parsePackedRows: (results: unknown) => PackedRow[] = rowsOf("point_months", {
  key: isInt,
  head: isText,
  hours: orNull(isText),
});

/** The month decoded last: a reader asks for the days of one month in sequence. */
interface LastRead {
  month: PackedMonth | null;
  hours: readonly HourAggregates[];
}

/** A row of `point_months`, decoded on demand. */
class PackedMonth {
  readonly #row: PackedRow;
  readonly #first: number;
  readonly #last: LastRead;
  #head: MonthHead | null | undefined;

  constructor(row: PackedRow, last: LastRead) {
    this.#row = row;
    this.#last = last;
    this.#first = monthDays(pointAndMonth(row.key).month).first;
  }

  /** null: it is damaged */
  get head(): MonthHead | null {
    if (this.#head === undefined) this.#head = unlessDamaged(() => decodeMonthHead(hexBytes(this.#row.head)));
    return this.#head;
  }

  find(day: number, generation: number): StoredSlice | null {
    const packed = this.head?.days[day - this.#first];
    if (packed == null || packed.generation !== generation) return DAMAGED_SLICE;
    return packed.slice === null ? null : new PackedSlice(this, this.head!, packed.slice);
  }

  /** Of all slices. */
  get hours(): readonly HourAggregates[] {
    const last = this.#last;
    if (last.month !== this) {
      if (this.head === null || this.#row.hours === null) throw new StoredHoursError("month: it is damaged");
      last.hours = decodeSlicesHours(this.head, hexBytes(this.#row.hours));
      last.month = this;
    }
    return last.hours;
  }
}

class PackedSlice implements StoredSlice {
  readonly #month: PackedMonth;
  readonly #head: MonthHead;
  readonly #index: number;

  constructor(month: PackedMonth, head: MonthHead, index: number) {
    this.#month = month;
    this.#head = head;
    this.#index = index;
  }

  get locator(): Locator | null {
    return unlessDamaged(() => this.#head.locators[this.#index]!);
  }

  get overflows(): boolean {
    return this.#head.overflows;
  }

  get hours(): HourAggregates {
    return this.#month.hours[this.#index]!;
  }

  get counts(): readonly number[] {
    return this.hours.map((hour) => hour?.n ?? 0);
  }
}

/** Packed months of some points. */
export class PackedMonths {
  readonly #months: ReadonlyMap<number, PackedMonth>;

  constructor(rows: readonly PackedRow[]) {
    const last: LastRead = { month: null, hours: [] };
    this.#months = new Map(rows.map((row) => [row.key, new PackedMonth(row, last)]));
  }

  /**
   * A point's packed slice of a day.
   * @param generation of the day's file
   * @returns null: the file does not have the point. A damaged slice, and one of another file, reads as damaged.
   */
  find(pointId: number, day: number, generation: number): StoredSlice | null {
    const month = this.#months.get(pointMonthKey(pointId, monthOf(day)));
    return month === undefined ? DAMAGED_SLICE : month.find(day, generation);
  }

  /** Whether D1 has a row of a point's month. A point without samples in a packed month may have none. */
  has(pointId: number, month: number): boolean {
    return this.#months.has(pointMonthKey(pointId, month));
  }

  /** The place of a point's samples in the month file; null: the file does not have them, or the place is unknown. */
  place(pointId: number, month: number): LocatedMonth | null {
    return this.#months.get(pointMonthKey(pointId, month))?.head?.file ?? null;
  }
}
