import { z } from "zod";
import type { BlockDayRow, PointSlice } from "./block-day-rows.ts";
import { hexBytes } from "./hex.ts";

/** ?1: site, ?2 and ?3: days, both included. `json()` would fail the whole statement for one damaged row. */
const READ_ROWS = `
SELECT d.key, CASE WHEN json_valid(d.places, 8) THEN json(d.places) END AS places, hex(d.hours) AS hours
FROM (SELECT DISTINCT id >> 4 AS block FROM points WHERE site_id = ?1) b
CROSS JOIN block_days d ON d.key >= (b.block << 16) + ?2 AND d.key <= (b.block << 16) + ?3`;

const rowsSchema = z.array(z.object({ key: z.int(), places: z.string().nullable(), hours: z.string() }));
const placesSchema = z.record(
  z.string().regex(/^\d+$/),
  z.tuple([z.int().positive(), z.int().positive(), z.int().positive().nullable()]),
);

/** A row of `block_days` as it is stored. */
export interface StoredRow extends Omit<BlockDayRow, "places"> {
  /** null: it is damaged */
  readonly places: string | null;
}

/** All rows of some days of a site: of 4,583 points 287 a day, 3 MB of text. @param first and `last`: both included */
export function rowsStatement(db: D1Database, siteId: number, first: number, last: number): D1PreparedStatement {
  return db.prepare(READ_ROWS).bind(siteId, first, last);
}

/** The rows that {@link rowsStatement} found, in no order. */
export function parseRows(results: unknown): StoredRow[] {
  return rowsSchema.parse(results);
}

/** The points of a row, ascending. Their slices may be damaged still. @returns null: nobody knows whose its slices are */
export function pointsOfRow({ places, hours }: StoredRow): PointSlice[] | null {
  if (places === null) return null;
  const parsed = placesSchema.safeParse(JSON.parse(places));
  if (!parsed.success) return null;
  return Object.entries(parsed.data).map(([pointId, [offset, length, rows]]) => {
    const slice = hexBytes(hours.slice(2 * (offset - 1), 2 * (offset - 1 + length)));
    return { pointId: Number(pointId), slice, rows };
  });
}
