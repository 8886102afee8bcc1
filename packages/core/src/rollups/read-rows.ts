import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { monthOf } from "../domain/month.ts";
import { DAY_OF_ROW, dayOfKey, rowKeySql, SITE_ROW_BLOCKS } from "./block-day-key.ts";
import { blockDayRow, type BlockDayRow, type PointSlice } from "./block-day-rows.ts";
import { hexBytes } from "../bytes/hex.ts";
import { encodeSlice } from "./hour-slice.ts";
import { pointMonthKey } from "./month-key.ts";
import { packedRowsStatement, PackedMonths, parsePackedRows } from "./packed-months.ts";
import { unlessDamaged } from "./stored-slice.ts";

/** ?1: site, ?2 and ?3: first and last day. Without the check one damaged row would fail the whole statement. */
const READ_ROWS = `
SELECT d.key, CASE WHEN json_valid(d.places, 8) THEN json(d.places) END AS places, hex(d.hours) AS hours,
  CASE WHEN length(d.hours) = 0 THEN (SELECT f.generation FROM day_files f WHERE f.site_id = ?1 AND f.day = ${DAY_OF_ROW}) END AS packed
FROM ${SITE_ROW_BLOCKS} b
CROSS JOIN block_days d ON d.key >= ${rowKeySql("b.block", "?2")} AND d.key <= ${rowKeySql("b.block", "?3")}`;

const rowsSchema = z.array(
  z.object({ key: z.int(), places: z.string().nullable(), hours: z.string(), packed: z.int().nullable() }),
);
const placesSchema = z.record(
  z.string().regex(/^\d+$/),
  z.tuple([z.int().positive(), z.int().positive(), z.int().positive().nullable()]),
);

/** A stored row of `block_days`. */
export interface StoredRow extends Omit<BlockDayRow, "places"> {
  /** null: it is damaged */
  readonly places: string | null;
  /**
   * generation of the day's file if the row has no hours, because `point_months` may have them; null: it has hours, or
   * the day has no file
   */
  readonly packed: number | null;
}

/**
 * Reads all rows of some days of a site: 4,583 points have 287 rows a day, 3 MB of text. Rows of days with a file need
 * {@link withPackedHours} too.
 * @param first included, like `last`
 */
export function rowsStatement(db: D1Database, siteId: number, first: number, last: number): D1PreparedStatement {
  return db.prepare(READ_ROWS).bind(siteId, first, last);
}

/** Parses the rows of {@link rowsStatement}, which are in no order. */
export function parseRows(results: unknown): StoredRow[] {
  return rowsSchema.parse(results);
}

/** The points of a row, ascending. Their slices may still be damaged. @returns null: `places` are damaged */
export function pointsOfRow({ places, hours }: StoredRow): PointSlice[] | null {
  if (places === null) return null;
  const parsed = placesSchema.safeParse(JSON.parse(places));
  if (!parsed.success) return null;
  return Object.entries(parsed.data).map(([pointId, [offset, length, rows]]) => {
    const slice = hexBytes(hours.slice(2 * (offset - 1), 2 * (offset - 1 + length)));
    return { pointId: Number(pointId), slice, rows };
  });
}

/** Point months of one statement: about 4 MB of text. */
const MONTHS_AT_ONCE = 500;

const NO_SLICE = new Uint8Array(0);

/**
 * Replaces empty hours of rows by those in `point_months`, as they were before they were packed. A slice that is
 * damaged or missing there becomes empty.
 * @param rows those of {@link parseRows}
 * @throws the error of D1, after retries
 */
export async function withPackedHours(db: D1Database, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  const points = rows.flatMap((row) => {
    const { key, packed: generation } = row;
    if (generation === null) return [];
    const day = dayOfKey(key);
    const month = monthOf(day);
    return (pointsOfRow(row) ?? []).map(({ pointId, rows: samples }) => {
      return { key, pointId, day, month: pointMonthKey(pointId, month), generation, samples };
    });
  });
  const slices = new Map<number, PointSlice[]>();
  const byMonth = [...Map.groupBy(points, ({ month }) => month)];
  for (let first = 0; first < byMonth.length; first += MONTHS_AT_ONCE) {
    const some = byMonth.slice(first, first + MONTHS_AT_ONCE);
    const keys = some.map(([month]) => month);
    const { results } = await withD1Retry(() => packedRowsStatement(db, keys).all());
    const packed = new PackedMonths(parsePackedRows(results));
    for (const { key, pointId, day, generation, samples } of some.flatMap(([, ofMonth]) => ofMonth)) {
      const slice = packed.find(pointId, day, generation);
      const bytes = slice && unlessDamaged(() => encodeSlice(slice));
      const ofRow = slices.get(key) ?? [];
      slices.set(key, ofRow);
      ofRow.push({ pointId, slice: bytes ?? NO_SLICE, rows: samples });
    }
  }
  return rows.map((row) => ({ ...row, ...(slices.has(row.key) ? blockDayRow(row.key, slices.get(row.key)!) : {}) }));
}
