import { z } from "zod";
import { pointTagsSchema, type PointTags } from "../domain/point.ts";
import { storedPointName } from "../domain/weather.ts";
import { withD1Retry } from "../d1/retry.ts";
import { PAST_MEANINGS, parseMeanings, type PointMeanings } from "./past-meanings.ts";

/** A point of the catalogue. */
export interface StoredPoint extends PointMeanings {
  readonly id: number;
  readonly name: string;
  readonly label: string | null;
  readonly tags: PointTags;
  /** whether its samples are stored */
  readonly configured: boolean;
  /** time of the first stored sample, epoch ms; null: none */
  readonly firstSeen: number | null;
}

/** Columns that {@link storedPoints} reads, of `points p`. */
const POINT_COLUMNS = `
id, name, label, unit, tags, interval_s, interval_source, configured, first_seen, ${PAST_MEANINGS} AS past`;

const pointRowSchema = z.object({
  id: z.int(),
  name: z.string(),
  label: z.string().nullable(),
  unit: z.string().nullable(),
  tags: z.string(),
  interval_s: z.int().nullable(),
  interval_source: z.enum(["configured", "measured"]).nullable(),
  configured: z.int(),
  first_seen: z.int().nullable(),
  past: z.string(),
});

/** Reads the rows of a query that selects {@link POINT_COLUMNS}. @throws {z.ZodError} for a row of another form */
function storedPoints(results: unknown): StoredPoint[] {
  return z
    .array(pointRowSchema)
    .parse(results)
    .map((row) => ({
      id: row.id,
      name: row.name,
      label: row.label,
      unit: row.unit,
      tags: pointTagsSchema.parse(JSON.parse(row.tags)),
      intervalS: row.interval_s,
      intervalSource: row.interval_source,
      configured: row.configured === 1,
      firstSeen: row.first_seen,
      past: parseMeanings(row.past),
    }));
}

/** The id of a stored site; null: no sync has created it yet. */
export async function findSiteId(db: D1Database, name: string): Promise<number | null> {
  const row = await withD1Retry(() => db.prepare("SELECT id FROM sites WHERE name = ?1").bind(name).first());
  return row === null ? null : z.object({ id: z.int() }).parse(row).id;
}

/**
 * The statement that reads the points of these names of a site, for {@link pointsByName}. The name of a quantity's
 * history stands for the weather point.
 */
export function pointsStatement(db: D1Database, site: string, names: readonly string[]): D1PreparedStatement {
  const stored = names.map((name) => storedPointName(site, name));
  return db
    .prepare(
      `SELECT ${POINT_COLUMNS} FROM points p
       WHERE site_id = (SELECT id FROM sites WHERE name = ?1) AND name IN (SELECT value FROM json_each(?2))`,
    )
    .bind(site, JSON.stringify(stored));
}

/** The points that {@link pointsStatement} found, by requested name; absent: no such point. */
export function pointsByName(results: unknown, site: string, names: readonly string[]): Map<string, StoredPoint> {
  const stored = new Map(storedPoints(results).map((point) => [point.name, point]));
  const found = names.map((name) => [name, stored.get(storedPointName(site, name))] as const);
  return new Map(found.flatMap(([name, point]) => (point === undefined ? [] : [[name, point]])));
}

/** The points of these names of a site, as in {@link pointsByName}. */
export async function findPoints(
  db: D1Database,
  site: string,
  names: readonly string[],
): Promise<Map<string, StoredPoint>> {
  const { results } = await withD1Retry(() => pointsStatement(db, site, names).all());
  return pointsByName(results, site, names);
}

/** The points of these ids, in this order, without those that are gone. */
export async function pointsOfIds(db: D1Database, ids: readonly number[]): Promise<StoredPoint[]> {
  const statement = db
    .prepare(`SELECT ${POINT_COLUMNS} FROM points p WHERE id IN (SELECT value FROM json_each(?1))`)
    .bind(JSON.stringify(ids));
  const { results } = await withD1Retry(() => statement.all());
  const byId = new Map(storedPoints(results).map((point) => [point.id, point]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Names of points, by id. */
export async function pointNames(db: D1Database, pointIds: readonly number[]): Promise<Map<number, string>> {
  const statement = db
    .prepare("SELECT id, name FROM points WHERE id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify([...new Set(pointIds)]));
  const { results } = await withD1Retry(() => statement.all());
  const rows = z.array(z.object({ id: z.int(), name: z.string() })).parse(results);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
