import { z } from "zod";
import { loadCatalog } from "../catalog/catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import { withD1Retry } from "../d1/retry.ts";
import { decodeSamples, type HourRow } from "../hot/hour-row.ts";
import { hourOfKey, pointOfKey, rowKey } from "../hot/row-key.ts";
import { pointOrder } from "./point-order.ts";
import { sortHour } from "./sort-hour.ts";
import { encodeSpill } from "./spill-format.ts";
import { type DayBuild, spillKey } from "./staging.ts";

/** Rows asked for at once: at 60 samples a row, about 3 MB of text. */
const ROWS_A_QUERY = 2_000;

/** ?1, ?2: keys before the first and after the last wanted; ?3: site id; ?4: most rows. */
const READ_ROWS = `
SELECT h.hour_point, h.samples, h.revision
FROM sample_hours h CROSS JOIN points p ON p.id = h.hour_point & 1048575
WHERE h.hour_point > ?1 AND h.hour_point < ?2 AND p.site_id = ?3 ORDER BY h.hour_point LIMIT ?4`;

const rowsSchema = z.array(z.object({ hour_point: z.int(), samples: z.string(), revision: z.int() }));

/** A hot row as it was when it was folded: to be deleted only if it still is. */
export interface FoldedRow {
  /** `hour_point` */
  readonly key: number;
  readonly revision: number;
}

/**
 * Copies a site's hour from the hot level into its spill.
 * @param start of the hour, epoch ms
 * @returns the rows that are in it; where there are none, there is no spill
 * @throws {StoredRowError}; the errors of D1 and R2
 */
export async function spillHotHour(
  context: {
    readonly db: D1Database;
    readonly bucket: { put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown> };
  },
  of: DayBuild,
  start: number,
): Promise<FoldedRow[]> {
  const folded: FoldedRow[] = [];
  const arrived: PointSamples[] = [];
  const end = rowKey(start + HOUR_MS, 0);
  const statement = context.db.prepare(READ_ROWS);
  for (let after = rowKey(start, 0), more = true; more;) {
    const bound = statement.bind(after, end, of.site.id, ROWS_A_QUERY);
    const rows = rowsSchema.parse((await withD1Retry(() => bound.all())).results);
    const decoded = rows.map((row) =>
      decodeSamples(hourOfKey(row.hour_point), pointOfKey(row.hour_point), row.samples),
    );
    arrived.push(columnsOf(decoded));
    for (const { hour_point: key, revision } of rows) folded.push({ key, revision });
    after = rows.at(-1)?.hour_point ?? after;
    more = rows.length === ROWS_A_QUERY;
  }
  if (folded.length === 0) return folded;
  // read after the rows, so it knows the point of each
  const order = pointOrder(await loadCatalog(context.db, of.site.id));
  const sorted = sortHour(arrived, order, { start, end: start + HOUR_MS });
  const hour = new Date(start).getUTCHours();
  await context.bucket.put(spillKey(of, hour), encodeSpill(start, sorted, { records: 0, rejected: {} }));
  return folded;
}

function columnsOf(rows: readonly HourRow[]): PointSamples {
  const length = rows.reduce((sum, row) => sum + row.offsets.length, 0);
  const pointIds = new Int32Array(length);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  let at = 0;
  for (const { hour, pointId, offsets, values: own } of rows) {
    for (let i = 0; i < offsets.length; i++, at++) {
      pointIds[at] = pointId;
      times[at] = hour + offsets[i]!;
      values[at] = own[i]!;
    }
  }
  return { pointIds, times, values, length };
}
