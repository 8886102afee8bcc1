import { z } from "zod";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayOf } from "../domain/day.ts";
import { readHour } from "../store/read-segments.ts";
import { aggregateText, hourAggregates, NO_HOURS } from "./hour-aggregates.ts";
import { pointDayKey } from "./point-day-rows.ts";

/** A hot hour of a site as it was before its rows were read. */
export interface HourToFold {
  readonly siteId: number;
  /** its start, epoch ms */
  readonly hour: number;
  readonly version: number;
}

/** What folding an hour came to. */
export interface FoldedHour {
  /** points with samples in the hour */
  readonly points: number;
  /** points of which the aggregate was another one, or none */
  readonly changed: number;
}

/** Neither a sample nor a file has come since. ?1: site, ?2: start of the hour, ?3: its version, ?4: day. */
const IS_UNCHANGED = `
  EXISTS (SELECT 1 FROM hot_hours WHERE site_id = ?1 AND hour = ?2 AND version = ?3)
  AND NOT EXISTS (SELECT 1 FROM day_files WHERE site_id = ?1 AND day = ?4 AND key IS NOT NULL)`;

/** ?5: JSON array of [point_day, aggregate], ?6: JSON path of the hour. */
const WRITE_HOUR = `
INSERT INTO point_days (point_day, hours)
SELECT value ->> 0, json_set('${NO_HOURS}', ?6, value -> 1) FROM json_each(?5) WHERE ${IS_UNCHANGED}
ON CONFLICT (point_day) DO UPDATE SET hours = json_set(hours, ?6, excluded.hours -> ?6)
WHERE locator IS NULL AND (hours -> ?6) IS NOT (excluded.hours -> ?6)`;

/** Points that have no samples in the hour. ?5: JSON array of the points' keys that have, ?6: JSON path of the hour. */
const CLEAR_HOUR = `
UPDATE point_days SET hours = json_set(hours, ?6, 0)
WHERE point_day IN (SELECT p.id * 65536 + ?4 FROM points p WHERE p.site_id = ?1)
  AND locator IS NULL AND (hours ->> ?6) IS NOT 0
  AND point_day NOT IN (SELECT value FROM json_each(?5)) AND ${IS_UNCHANGED}`;

const MARK_FOLDED = `
UPDATE hot_hours SET folded_version = version
WHERE site_id = ?1 AND hour = ?2 AND folded_version IS NOT version AND ${IS_UNCHANGED}`;

const unchangedSchema = z.object({ unchanged: z.int() });

/**
 * Sums up a site's hot hour, point by point, into `point_days`, so that these say of it what the segments say. Safe to
 * repeat, and to run beside anything: it is all written or nothing, and only where the hour is as it was read.
 * @returns null: the hour changed meanwhile, or its day has a file, and nothing was written
 * @throws {StoredRowError} where a segment is not what we write; the error of D1, after retries
 */
export async function foldHour(db: D1Database, { siteId, hour, version }: HourToFold): Promise<FoldedHour | null> {
  const day = dayOf(hour);
  const index = new Date(hour).getUTCHours();
  const aggregates: { readonly key: number; readonly text: string }[] = [];
  for await (const points of readHour(db, siteId, hour)) {
    for (const [pointId, series] of points) {
      const aggregate = hourAggregates(series, day)[index];
      if (aggregate != null) aggregates.push({ key: pointDayKey(pointId, day), text: aggregateText(aggregate) });
    }
  }
  const bind = (sql: string, ...more: string[]) => db.prepare(sql).bind(siteId, hour, version, day, ...more);
  const path = `$[${index}]`;
  const writes = [...jsonChunks(aggregates, ({ key, text }) => `[${key},${text}]`, MAX_ASCII_CHARS)].map(({ json }) =>
    bind(WRITE_HOUR, json, path),
  );
  const keys = JSON.stringify(aggregates.map(({ key }) => key));
  const results = await withD1Retry(() =>
    db.batch([
      ...writes,
      bind(CLEAR_HOUR, keys, path),
      bind(MARK_FOLDED),
      db.prepare(`SELECT ${IS_UNCHANGED} AS unchanged`).bind(siteId, hour, version, day),
    ]),
  );
  if (unchangedSchema.parse(results.at(-1)?.results[0]).unchanged === 0) return null;
  const changed = results.slice(0, writes.length + 1).reduce((sum, { meta }) => sum + meta.changes, 0);
  return { points: aggregates.length, changed };
}
