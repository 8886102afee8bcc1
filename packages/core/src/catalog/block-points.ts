import { isInt, isText, rowsOf } from "../d1/checked-rows.ts";
import { BLOCK_POINTS } from "../domain/block.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { NEVER, parseMeanings } from "./past-meanings.ts";
import type { StoredPoint } from "./point-list.ts";

// The SQL of `block_points` (migrations/0001_schema.sql): names and units of all points of a site, one row per block.
// One row per point takes D1 and its client several times as long, and D1 bills two reads for each.

/** The name and units of a point, as answers show them. */
export type NamedUnits = Pick<StoredPoint, "id" | "name" | "unit" | "past">;

/** ?1: site, ?2: JSON array of names of points. */
const PACK = `
INSERT INTO block_points (site_id, block, points)
SELECT ?1, b.block, (
  SELECT json_group_array(json_array(id, name, unit)) FROM points
  WHERE site_id = ?1 AND id >= b.block * ${BLOCK_POINTS} AND id < (b.block + 1) * ${BLOCK_POINTS}
)
FROM (
  SELECT DISTINCT id / ${BLOCK_POINTS} AS block FROM points WHERE site_id = ?1 AND name IN (SELECT value FROM json_each(?2))
) b
WHERE true ON CONFLICT (site_id, block) DO UPDATE SET points = excluded.points WHERE points <> excluded.points`;

/** Goes into the batch that writes names or units of these points, after that statement. */
export function packBlockPoints(db: D1Database, siteId: number, names: readonly string[]): D1PreparedStatement {
  return db.prepare(PACK).bind(siteId, JSON.stringify(names));
}

/** ?1: the site's name. */
const SITE_ID = "(SELECT id FROM sites WHERE name = ?1)";
const LIST_UNITS = `SELECT points FROM block_points WHERE site_id = ${SITE_ID}`;

/** Driven by the changes, which are few. */
const LIST_MEANINGS = `
SELECT m.point_id AS id, json_group_array(json_array(m.until, m.unit, m.interval_s)) AS past
FROM past_meanings m CROSS JOIN points p ON p.id = m.point_id WHERE p.site_id = ${SITE_ID} GROUP BY m.point_id`;

/** The statements whose results {@link parseUnits} reads. */
export function unitsStatements(db: D1Database, siteName: string): [D1PreparedStatement, D1PreparedStatement] {
  return [db.prepare(LIST_UNITS).bind(siteName), db.prepare(LIST_MEANINGS).bind(siteName)];
}

const blockRows = rowsOf("block_points", { points: isText });
const meaningRows = rowsOf("past_meanings", { id: isInt, past: isText });

/** All points of a site in the order of their names. @throws {Error} for rows of another form */
export function parseUnits(blocks: unknown, meanings: unknown): NamedUnits[] {
  const past = new Map(meaningRows(meanings).map((row) => [row.id, parseMeanings(row.past)]));
  return blockRows(blocks)
    .flatMap(({ points }): NamedUnits[] => {
      const parsed: unknown = JSON.parse(points);
      if (!Array.isArray(parsed) || !parsed.every(isPacked))
        throw new Error("block_points: a point has no id or no name");
      return parsed.map(([id, name, unit]) => ({ id, name, unit, past: past.get(id) ?? NEVER }));
    })
    .sort((a, b) => compareUtf8(a.name, b.name));
}

function isPacked(entry: unknown): entry is readonly [id: number, name: string, unit: string | null] {
  if (!Array.isArray(entry)) return false;
  const [id, name, unit]: unknown[] = entry;
  return isInt(id) && isText(name) && (unit === null || isText(unit));
}
