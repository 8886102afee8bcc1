import { z } from "zod";
import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import type { PointDescription } from "../domain/point.ts";
import { weatherFieldOf } from "../domain/weather.ts";
import { withD1Retry } from "../d1/retry.ts";
import { BLOCK_POINTS } from "../domain/block.ts";
import { describeWeatherPoint } from "../transform/weather-points.ts";
import { packBlockPoints } from "./block-points.ts";
import { newPointsVersion } from "./sites.ts";

/** The source of a point: the upstream's list, the data alone, or the site's weather feed. */
const pointSourceSchema = z.enum(["catalog", "discovered", "weather"]);
type PointSource = z.infer<typeof pointSourceSchema>;

/** The fields of a point that a sync needs. */
export interface CatalogPoint {
  readonly id: number;
  readonly name: string;
  readonly source: PointSource;
  /** false: its samples are rejected as `unconfigured` */
  readonly configured: boolean;
  /** time of its first stored sample, epoch ms; null: none yet */
  readonly firstSeen: number | null;
  /** a lower bound of the time of its last stored sample, at most a day older, epoch ms */
  readonly lastSeen: number | null;
}

/** A site's points by name. */
export type Catalog = ReadonlyMap<string, CatalogPoint>;

const catalogRowSchema = z.object({
  id: z.int(),
  name: z.string(),
  source: pointSourceSchema,
  configured: z.int(),
  first_seen: z.int().nullable(),
  last_seen: z.int().nullable(),
});

/** All points of a site: one statement, one row read per point. */
export async function loadCatalog(db: D1Database, siteId: number): Promise<Catalog> {
  const statement = db
    .prepare("SELECT id, name, source, configured, first_seen, last_seen FROM points WHERE site_id = ?1")
    .bind(siteId);
  const { results } = await withD1Retry(() => statement.all());
  return new Map(
    z
      .array(catalogRowSchema)
      .parse(results)
      .map((row) => [
        row.name,
        {
          id: row.id,
          name: row.name,
          source: row.source,
          configured: row.configured === 1,
          firstSeen: row.first_seen,
          lastSeen: row.last_seen,
        },
      ]),
  );
}

/**
 * Ids of new points, by their index in the JSON array ?2; their names are `nameSql`. They fill the last block of the
 * site ?1, then new blocks, so a block has points of one site (store/segment-key.ts). NULL: the name exists.
 */
function newIds(nameSql: string): string {
  return `
given (place, is_new) AS (
  SELECT e.key, NOT EXISTS (SELECT 1 FROM points p WHERE p.site_id = ?1 AND p.name = ${nameSql}) FROM json_each(?2) e
), numbered (place, n) AS (
  SELECT place, CASE WHEN is_new THEN sum(is_new) OVER (ORDER BY place) END FROM given
), last (own, every) AS (
  SELECT coalesce((SELECT max(id) FROM points WHERE site_id = ?1), CASE WHEN NOT EXISTS (SELECT 1 FROM points) THEN 0 END),
    coalesce((SELECT max(id) FROM points), 0)
), room (own, free, next) AS (
  SELECT own, coalesce(${BLOCK_POINTS} - 1 - own % ${BLOCK_POINTS}, 0), (every / ${BLOCK_POINTS} + 1) * ${BLOCK_POINTS} FROM last
), ids (place, id) AS (
  SELECT place, CASE WHEN n <= free THEN own + n ELSE next + n - free - 1 END FROM numbered CROSS JOIN room
)`;
}

/**
 * Indexes of points that are new or have changed. A measured cadence stays if the list has none. ?1: site id, ?2: JSON
 * array of [name, label, unit, unit_raw, tags, interval_s, source, device].
 */
const READ_CHANGED = `
SELECT e.key AS place, p.id IS NULL AS is_new FROM json_each(?2) e LEFT JOIN points p ON p.site_id = ?1 AND p.name = e.value ->> 0
WHERE p.id IS NULL OR p.label IS NOT e.value ->> 1 OR p.unit IS NOT e.value ->> 2 OR p.unit_raw IS NOT e.value ->> 3
  OR p.tags IS NOT e.value -> 4 OR p.source IS NOT e.value ->> 6 OR p.device IS NOT e.value ->> 7 OR p.configured = 0
  OR (e.value ->> 5 IS NOT NULL AND (p.interval_s, p.interval_source) IS NOT (e.value ->> 5, 'configured'))
  OR (e.value ->> 5 IS NULL AND p.interval_source = 'configured')`;

/** The same parameters. */
const UPSERT_POINTS = `
WITH ${newIds("e.value ->> 0")}
INSERT INTO points (id, site_id, name, label, unit, unit_raw, tags, interval_s, interval_source, source, device, configured)
SELECT ids.id, ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value -> 4, value ->> 5,
  CASE WHEN value ->> 5 IS NULL THEN NULL ELSE 'configured' END, value ->> 6, value ->> 7, 1
FROM json_each(?2) e CROSS JOIN ids ON ids.place = e.key WHERE true
ON CONFLICT (site_id, name) DO UPDATE SET
  label = excluded.label, unit = excluded.unit, unit_raw = excluded.unit_raw, tags = excluded.tags,
  interval_s = CASE WHEN excluded.interval_s IS NULL AND interval_source = 'measured' THEN interval_s
    ELSE excluded.interval_s END,
  interval_source = CASE WHEN excluded.interval_s IS NULL AND interval_source = 'measured' THEN 'measured'
    ELSE excluded.interval_source END,
  source = excluded.source, device = excluded.device, configured = 1`;

/** Points per transaction: two rows each, with the index of names or a past meaning. */
export const MAX_POINTS_PER_TRANSACTION = 400;

const placesSchema = z.array(z.object({ place: z.int(), is_new: z.int() }));

/**
 * Writes points as described and marks them as configured, in several transactions. Writes nothing for an unchanged
 * point. Safe to repeat and to stop at any point.
 * @param alongside statements for some existing points, run in their transaction, before them
 * @throws the error of D1, after retries
 */
export async function upsertPoints(
  db: D1Database,
  siteId: number,
  points: readonly PointDescription[],
  alongside: (some: readonly PointDescription[]) => readonly D1PreparedStatement[] = () => [],
): Promise<void> {
  const encode = ({ name, label, unit, unitRaw, tags, intervalS, device }: PointDescription) => {
    const source: PointSource = weatherFieldOf(name) === null ? "catalog" : "weather";
    return JSON.stringify([name, label, unit, unitRaw, tags, intervalS, source, device]);
  };
  const [added, changed]: [PointDescription[], PointDescription[]] = [[], []];
  for (const { json, items } of jsonChunks(points, encode, MAX_UNICODE_CHARS)) {
    const { results } = await withD1Retry(() => db.prepare(READ_CHANGED).bind(siteId, json).all());
    for (const { place, is_new } of placesSchema.parse(results)) (is_new === 1 ? added : changed).push(items[place]!);
  }
  const write = async (all: readonly PointDescription[], before: typeof alongside) => {
    for (let first = 0; first < all.length; first += MAX_POINTS_PER_TRANSACTION) {
      const some = all.slice(first, first + MAX_POINTS_PER_TRANSACTION);
      const texts = jsonChunks(some, encode, MAX_UNICODE_CHARS);
      const upserts = [...texts].map(({ json }) => db.prepare(UPSERT_POINTS).bind(siteId, json));
      const names = some.map(({ name }) => name);
      const after = [packBlockPoints(db, siteId, names), newPointsVersion(db, siteId)];
      await withD1Retry(() => db.batch([...before(some), ...upserts, ...after]));
    }
  };
  await write(added, () => []);
  await write(changed, alongside);
}

/** Adds the site's weather points among these names; ignores other names. */
export async function addWeatherPoints(db: D1Database, siteId: number, names: readonly string[]): Promise<void> {
  const points = names.flatMap((name) => {
    const field = weatherFieldOf(name);
    return field === null ? [] : [describeWeatherPoint(field)];
  });
  if (points.length > 0) await upsertPoints(db, siteId, points);
}

/** ?1: site id, ?2: JSON array of names. */
const ADD_DISCOVERED = `
WITH ${newIds("e.value")}
INSERT INTO points (id, site_id, name, tags, source, configured)
SELECT ids.id, ?1, value, '{"kv":{},"markers":[]}', 'discovered', 0
FROM json_each(?2) e CROSS JOIN ids ON ids.place = e.key WHERE true
ON CONFLICT (site_id, name) DO NOTHING`;

/** Records points that have data but are not configured, so that they can be found. */
export async function addDiscoveredPoints(db: D1Database, siteId: number, names: readonly string[]): Promise<void> {
  const statement = db.prepare(ADD_DISCOVERED);
  for (let first = 0; first < names.length; first += MAX_POINTS_PER_TRANSACTION) {
    const some = names.slice(first, first + MAX_POINTS_PER_TRANSACTION);
    for (const { json, items } of jsonChunks(some, (name) => JSON.stringify(name), MAX_UNICODE_CHARS)) {
      const after = [packBlockPoints(db, siteId, items), newPointsVersion(db, siteId)];
      await withD1Retry(() => db.batch([statement.bind(siteId, json), ...after]));
    }
  }
}

/**
 * The catalogue with all of these names. Adds missing weather points, which need no list, and records other missing
 * names as {@link addDiscoveredPoints} does.
 * @param known the site's catalogue as it was read
 */
export async function withNames(
  db: D1Database,
  siteId: number,
  known: Catalog,
  names: readonly string[],
): Promise<Catalog> {
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return known;
  await addWeatherPoints(db, siteId, unknown);
  await addDiscoveredPoints(
    db,
    siteId,
    unknown.filter((name) => weatherFieldOf(name) === null),
  );
  return loadCatalog(db, siteId);
}
