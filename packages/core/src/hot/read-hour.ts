import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { decodeSamples, type HourRow } from "./hour-row.ts";
import { hourOfKey, pointOfKey, rowKey } from "./row-key.ts";

/** Rows asked for at once: at 60 samples a row, about 3 MB of text. */
const ROWS_A_QUERY = 2_000;

/** ?1, ?2: keys before the first and after the last wanted; ?3: site id; ?4: most rows. */
const READ_ROWS = `
SELECT h.hour_point, h.samples, h.revision
FROM sample_hours h CROSS JOIN points p ON p.id = h.hour_point & 1048575
WHERE h.hour_point > ?1 AND h.hour_point < ?2 AND p.site_id = ?3 ORDER BY h.hour_point LIMIT ?4`;

const rowsSchema = z.array(z.object({ hour_point: z.int(), samples: z.string(), revision: z.int() }));

/** A hot row as it was when it was read. */
export interface ReadRow extends HourRow {
  /** another one after every change of the row */
  readonly revision: number;
}

/**
 * A site's hot rows of an hour, some at a time, ascending by point.
 * @param hour its start, epoch ms
 * @throws {StoredRowError} where a row is not what we write; the error of D1, after retries
 */
export async function* readHour(db: D1Database, siteId: number, hour: number): AsyncGenerator<ReadRow[]> {
  const read = db.prepare(READ_ROWS);
  const end = rowKey(hour + HOUR_MS, 0);
  for (let after = rowKey(hour, 0), more = true; more;) {
    const bound = read.bind(after, end, siteId, ROWS_A_QUERY);
    const rows = rowsSchema.parse((await withD1Retry(() => bound.all())).results);
    yield rows.map(({ hour_point: key, samples, revision }) => {
      return { ...decodeSamples(hourOfKey(key), pointOfKey(key), samples), revision };
    });
    after = rows.at(-1)?.hour_point ?? after;
    more = rows.length === ROWS_A_QUERY;
  }
}
