import { loadCatalog } from "../catalog/catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { PointSamples } from "../domain/samples.ts";
import type { HourRow } from "../hot/hour-row.ts";
import { readHour } from "../hot/read-hour.ts";
import { rowKey } from "../hot/row-key.ts";
import { pointOrder } from "./point-order.ts";
import { sortHour } from "./sort-hour.ts";
import { encodeSpill } from "./spill-format.ts";
import { type DayBuild, spillKey } from "./staging.ts";

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
  for await (const rows of readHour(context.db, of.site.id, start)) {
    arrived.push(columnsOf(rows));
    for (const { hour, pointId, revision } of rows) folded.push({ key: rowKey(hour, pointId), revision });
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
