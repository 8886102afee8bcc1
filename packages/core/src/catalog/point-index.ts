import { isInt, isText, orNull, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { PointTags } from "../domain/point.ts";
import { PointIndex } from "../find/point-index.ts";
import type { FindablePoint } from "../find/point.ts";

/** Points of all indexes that an isolate keeps: about 1 KB each. The one used last is always kept. */
const MAX_KEPT_POINTS = 30_000;

/** Points that D1 packs into a row: a row each takes it and its client several times as long. A row may have 2 MB. */
const POINTS_PER_ROW = 32;

const SITE_VERSION = "SELECT id, points_version AS version FROM sites WHERE name = ?1";

const READ_POINTS = `
SELECT json_group_array(json_array(id, name, label, unit, unit_raw, json(tags), device, interval_s)) AS points
FROM points WHERE site_id = (SELECT id FROM sites WHERE name = ?1) GROUP BY id / ${POINTS_PER_ROW}`;

const versionRows = rowsOf("sites", { id: isInt, version: orNull(isText) });
const pointRows = rowsOf("points", { points: isText });

/** The points of a site and their version. */
export interface SitePoints {
  /** null: no sync has met the site */
  readonly siteId: number | null;
  /** changes with all that the index has; null: the site never had a point */
  readonly version: string | null;
  readonly index: PointIndex;
}

/** Indexes by the site's name, the one used last at the end. */
const kept = new Map<string, SitePoints>();

/** The statement whose rows {@link sitePoints} takes. */
export function pointsVersionStatement(db: D1Database, siteName: string): D1PreparedStatement {
  return db.prepare(SITE_VERSION).bind(siteName);
}

/**
 * The points of a site. The isolate keeps their index, and reads it anew when the version has changed.
 * @param version rows of {@link pointsVersionStatement}, just read
 * @throws {Error} for rows of another form; the error of D1, after retries
 */
export async function sitePoints(db: D1Database, siteName: string, version: unknown): Promise<SitePoints> {
  const [now] = versionRows(version);
  if (now === undefined || now.version === null) {
    return { siteId: now?.id ?? null, version: null, index: new PointIndex(siteName, []) };
  }
  const known = kept.get(siteName);
  const isKnown = known !== undefined && known.version === now.version && known.siteId === now.id;
  return keep(siteName, isKnown ? known : await readSitePoints(db, siteName));
}

/** As {@link sitePoints}, by a request of its own for the version. */
export async function findSitePoints(db: D1Database, siteName: string): Promise<SitePoints> {
  const { results } = await withD1Retry(() => pointsVersionStatement(db, siteName).all());
  return sitePoints(db, siteName, results);
}

/** The version is read again, in the transaction of the points. */
async function readSitePoints(db: D1Database, siteName: string): Promise<SitePoints> {
  const [version, points] = await withD1Retry(() =>
    db.batch([pointsVersionStatement(db, siteName), db.prepare(READ_POINTS).bind(siteName)]),
  );
  const [now] = versionRows(version?.results);
  const found = pointRows(points?.results).flatMap((row) => parsePoints(row.points));
  return { siteId: now?.id ?? null, version: now?.version ?? null, index: new PointIndex(siteName, found) };
}

function keep(siteName: string, points: SitePoints): SitePoints {
  kept.delete(siteName);
  kept.set(siteName, points);
  let count = [...kept.values()].reduce((sum, { index }) => sum + index.points.length, 0);
  for (const [name, { index }] of kept) {
    if (count <= MAX_KEPT_POINTS || name === siteName) break;
    kept.delete(name);
    count -= index.points.length;
  }
  return points;
}

type PackedPoint = readonly [
  id: number,
  name: string,
  label: string | null,
  unit: string | null,
  unitRaw: string | null,
  tags: PointTags,
  device: string | null,
  intervalS: number | null,
];

const [isTextOrNull, isIntOrNull] = [orNull(isText), orNull(isInt)];

function isPacked(entry: unknown): entry is PackedPoint {
  if (!Array.isArray(entry)) return false;
  const [id, name, label, unit, unitRaw, tags, device, intervalS]: unknown[] = entry;
  const texts = [label, unit, unitRaw, device];
  return isInt(id) && isText(name) && texts.every(isTextOrNull) && isIntOrNull(intervalS) && isTags(tags);
}

/** By hand: zod takes several times as long where code may not be compiled, and there are thousands. */
function isTags(value: unknown): value is PointTags {
  if (typeof value !== "object" || value === null || !("kv" in value) || !("markers" in value)) return false;
  const { kv, markers } = value;
  if (typeof kv !== "object" || kv === null || !Array.isArray(markers)) return false;
  return markers.every(isText) && Object.values(kv).every(isText);
}

function parsePoints(json: string): FindablePoint[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed) || !parsed.every(isPacked)) throw new Error("points: a packed point has a bad value");
  return parsed.map(([id, name, label, unit, unitRaw, tags, device, intervalS]) => {
    return { id, name, label, unit, unitRaw, tags, device, intervalS };
  });
}
