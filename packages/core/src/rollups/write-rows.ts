import { blockDayKeySql } from "./block-day-key.ts";
import { type BlockDayRow, blockDayRow, rowTexts } from "./block-day-rows.ts";
import type { StoredRow } from "./read-rows.ts";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";

// Statements that write `block_days`. They have no fence of their own. A batch that writes hours or a quality begins
// with an ELSE_FAIL statement, so that it fails if the inputs of the rows have changed.

/** The rows that differ from the stored ones. Stored rows that are missing in `rows` become empty. */
export function changedRows(stored: readonly StoredRow[], rows: readonly BlockDayRow[]): BlockDayRow[] {
  const before = new Map(stored.map((row) => [row.key, row]));
  const keys = new Set(rows.map(({ key }) => key));
  const emptied = stored.flatMap(({ key }) => (keys.has(key) ? [] : [blockDayRow(key, [])]));
  return [...rows, ...emptied].filter(({ key, places, hours }) => {
    const old = before.get(key);
    return old?.places !== places || old.hours !== hours;
  });
}

/** ?1: JSON array of [key, places, hours, quality]; the stored quality is kept. */
const WRITE_HOURS = `
INSERT INTO block_days (key, places, hours)
SELECT value ->> 0, jsonb(value -> 1), unhex(value ->> 2) FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET places = excluded.places, hours = excluded.hours`;

/** Writes places and hours of rows, and keeps their quality. */
export function writeHours(db: D1Database, rows: readonly BlockDayRow[]): D1PreparedStatement[] {
  return rowTexts(rows).map((text) => db.prepare(WRITE_HOURS).bind(text));
}

/** ?1: JSON array of [key, places, hours, quality]. */
const WRITE_ROWS = `
INSERT INTO block_days (key, places, quality, hours)
SELECT value ->> 0, jsonb(value -> 1), CASE WHEN value ->> 3 IS NOT NULL THEN jsonb(value -> 3) END, unhex(value ->> 2)
FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET places = excluded.places, quality = excluded.quality, hours = excluded.hours`;

/** Deletes rows of the site's day that the texts do not have. ?1: site, ?2: day, ?3: JSON array of their keys. */
const DELETE_OTHERS = `
DELETE FROM block_days WHERE key IN (SELECT DISTINCT ${blockDayKeySql("p.id", "?2")} FROM points p WHERE p.site_id = ?1)
  AND key NOT IN (SELECT value FROM json_each(?3))`;

/** Replaces all rows of a site's day. @param texts {@link rowTexts} @param keys of those rows */
export function replaceRows(
  db: D1Database,
  { siteId, day }: { readonly siteId: number; readonly day: number },
  texts: readonly string[],
  keys: readonly number[],
): D1PreparedStatement[] {
  return [
    db.prepare(DELETE_OTHERS).bind(siteId, day, JSON.stringify(keys)),
    ...texts.map((text) => db.prepare(WRITE_ROWS).bind(text)),
  ];
}

/** ?1: JSON array of [key, quality]. */
const WRITE_QUALITY = `
INSERT INTO block_days (key, places, quality, hours)
SELECT value ->> 0, jsonb('{}'), jsonb(value -> 1), x'' FROM json_each(?1) WHERE true
ON CONFLICT (key) DO UPDATE SET quality = excluded.quality WHERE quality IS NOT excluded.quality`;

/** ?1: site, ?2: day, ?3: JSON array of the keys that keep their quality. */
const CLEAR_QUALITY = `
UPDATE block_days SET quality = NULL
WHERE key IN (SELECT DISTINCT ${blockDayKeySql("p.id", "?2")} FROM points p WHERE p.site_id = ?1)
  AND key NOT IN (SELECT value FROM json_each(?3)) AND quality IS NOT NULL`;

/** Replaces the qualities of a site's day. Unchanged rows are not written. @param texts by key of the row */
export function replaceQualities(
  db: D1Database,
  { siteId, day }: { readonly siteId: number; readonly day: number },
  texts: ReadonlyMap<number, string>,
): D1PreparedStatement[] {
  const chunks = jsonChunks(texts, ([key, text]) => `[${key},${text}]`, MAX_ASCII_CHARS);
  return [
    ...[...chunks].map(({ json }) => db.prepare(WRITE_QUALITY).bind(json)),
    db.prepare(CLEAR_QUALITY).bind(siteId, day, JSON.stringify([...texts.keys()])),
  ];
}
