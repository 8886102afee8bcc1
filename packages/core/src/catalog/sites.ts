import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

// The statements that write `sites`, and the one that reads their ids.

const idsSchema = z.array(z.object({ id: z.int(), name: z.string() }));

/** The ids of these sites by name; absent: D1 has no such site. */
export async function readSiteIds(db: D1Database, names: readonly string[]): Promise<Map<string, number>> {
  const statement = db
    .prepare("SELECT id, name FROM sites WHERE name IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(names));
  const { results } = await withD1Retry(() => statement.all());
  return new Map(idsSchema.parse(results).map(({ id, name }) => [name, id]));
}

const ADD = "INSERT INTO sites (name) SELECT value FROM json_each(?1) WHERE true ON CONFLICT (name) DO NOTHING";

/** Creates new sites. Safe to repeat. */
export async function addSites(db: D1Database, names: readonly string[]): Promise<void> {
  await withD1Retry(() => db.prepare(ADD).bind(JSON.stringify(names)).run());
}

/** ?1: site, ?2: epoch ms, ?3: JSON or NULL, ?4: number of points. */
const NOTE_LIST = "UPDATE sites SET catalog_at = ?2, held_list = ?3, list_conflicts = ?4 WHERE id = ?1";

/**
 * Records that a site's point list was applied.
 * @param list when, epoch ms; the list that was held instead, null: none; names whose entries disagree
 */
export async function noteList(
  db: D1Database,
  siteId: number,
  list: { readonly at: number; readonly heldJson: string | null; readonly conflicts: number },
): Promise<void> {
  await withD1Retry(() => db.prepare(NOTE_LIST).bind(siteId, list.at, list.heldJson, list.conflicts).run());
}

/** Records a list that was not applied. */
export async function holdList(db: D1Database, siteId: number, heldJson: string | null): Promise<void> {
  const statement = db.prepare("UPDATE sites SET held_list = ?2 WHERE id = ?1").bind(siteId, heldJson);
  await withD1Retry(() => statement.run());
}

// A token instead of a number: after a restore of the database an old number would be given again.
const NEW_POINTS_VERSION = "UPDATE sites SET points_version = lower(hex(randomblob(8))) WHERE id = ?1";

/**
 * Goes into each batch that changes what points are found by: name, label, unit, tags, device, cadence. Workers keep an
 * index of a site's points for each version (`point-index.ts`).
 */
export function newPointsVersion(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(NEW_POINTS_VERSION).bind(siteId);
}

/** ?1: site, ?2: JSON array of [point id, cadence]. */
const NEW_POINTS_VERSION_OF_CADENCES = `
UPDATE sites SET points_version = lower(hex(randomblob(8)))
WHERE id = ?1 AND EXISTS (
  SELECT 1 FROM json_each(?2) m JOIN points p ON p.id = m.value ->> 0 WHERE p.interval_s IS NOT m.value ->> 1
)`;

/** As {@link newPointsVersion}, before a statement that sets these cadences, if any of them changes. */
export function newVersionOfCadences(db: D1Database, siteId: number, cadences: string): D1PreparedStatement {
  return db.prepare(NEW_POINTS_VERSION_OF_CADENCES).bind(siteId, cadences);
}
