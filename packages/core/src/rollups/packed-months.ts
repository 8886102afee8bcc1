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
  /** null: it was not asked for */
  readonly hours: string | null;
}

/** ?1: JSON array of keys. */
const READ_ROWS = `
SELECT m.key, hex(m.head) AS head, hex(m.hours) AS hours
FROM json_each(?1) k CROSS JOIN point_months m ON m.key = k.value`;

/** The rows of `point_months` that are there of some keys, for {@link parsePackedRows}. */
export function packedRowsStatement(db: D1Database, keys: readonly number[]): D1PreparedStatement {
  return db.prepare(READ_ROWS).bind(JSON.stringify(keys));
}

/** The rows of a query that selects key, and head and hours as `hex()` writes them. @throws {Error} where one is not ours */
export const parsePackedRows: (results: unknown) => PackedRow[] = rowsOf("point_months", {
  key: isInt,
  head: isText,
  hours: orNull(isText),
});

/** The hours that were read last, of some months: those of a point's days are asked for one after the other. */
interface LastRead {
  of: PackedMonth | null;
  hours: readonly HourAggregates[];
}

/** A row of `point_months`, read when it is asked for. */
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
    const of = this.head?.days[day - this.#first];
    if (of == null || of.generation !== generation) return DAMAGED_SLICE;
    return of.slice === null ? null : new PackedSlice(this, this.head!, of.slice);
  }

  /** Of all slices. */
  get hours(): readonly HourAggregates[] {
    const last = this.#last;
    if (last.of !== this) {
      if (this.head === null || this.#row.hours === null) throw new StoredHoursError("month: it is damaged");
      last.hours = decodeSlicesHours(this.head, hexBytes(this.#row.hours));
      last.of = this;
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
    const last: LastRead = { of: null, hours: [] };
    this.#months = new Map(rows.map((row) => [row.key, new PackedMonth(row, last)]));
  }

  /**
   * A point's packed slice of a day.
   * @param generation of the day's file
   * @returns null: the file does not have the point. A slice that is damaged, or that is of another file, is a damaged one.
   */
  find(pointId: number, day: number, generation: number): StoredSlice | null {
    const month = this.#months.get(pointMonthKey(pointId, monthOf(day)));
    return month === undefined ? DAMAGED_SLICE : month.find(day, generation);
  }

  /** Whether anything of a point's month is stored. A point without samples in a packed month may have no row. */
  has(pointId: number, month: number): boolean {
    return this.#months.has(pointMonthKey(pointId, month));
  }

  /** Where a point's samples of a month are in the month file; null: in none, or it is not known. */
  place(pointId: number, month: number): LocatedMonth | null {
    return this.#months.get(pointMonthKey(pointId, month))?.head?.file ?? null;
  }
}
