import { withD1Retry } from "../d1/retry.ts";
import { type PointDescription, undescribed } from "../domain/point.ts";
import { type Catalog, MAX_POINTS_PER_TRANSACTION, upsertPoints } from "./catalog.ts";
import { type HeldList, judgeList } from "./judge-list.ts";
import { noteMeanings } from "./past-meanings.ts";
import { holdList, noteList } from "./sites.ts";

/** ?1: JSON array of point ids. */
const RETIRE_POINTS = "UPDATE points SET configured = 0 WHERE id IN (SELECT value FROM json_each(?1))";

/** The upstream lists no configured point. That would retire every point, and is far more likely its fault. */
export class EmptyCatalogError extends Error {
  override readonly name = "EmptyCatalogError";

  constructor() {
    super("the upstream listed no configured points; the catalogue is unchanged");
  }
}

/** The result of applying a list. */
export interface ListOutcome {
  readonly retired: number;
  /** see {@link judgeList}; null: the list was applied whole */
  readonly held: HeldList | null;
  /** names whose entries disagree */
  readonly conflicts: readonly string[];
}

/**
 * Applies the upstream's whole list of a site's configured points, in several transactions. The list counts as applied
 * once all are written; a repeat writes the rest. Writes nothing for an unchanged point. {@link judgeList} decides
 * which missing points are retired: they keep their samples, but are no longer collected.
 *
 * Where entries of one name disagree, the point stays unchanged. A new one is collected, without label, unit, tags and
 * cadence.
 * @param current the site's catalogue as stored
 * @param points the upstream's complete list
 * @param at epoch ms
 * @param held the list before this one, as stored
 * @throws {EmptyCatalogError}; the error of D1
 */
export async function replaceCatalog(
  db: D1Database,
  siteId: number,
  current: Catalog,
  points: readonly PointDescription[],
  at: number,
  held: HeldList | null = null,
): Promise<ListOutcome> {
  const byName = Map.groupBy(points, ({ name }) => name);
  const verdict = judgeList(current, held, new Set(byName.keys()), at);
  const heldJson = verdict.held === null ? null : JSON.stringify(verdict.held);
  if (points.length === 0) {
    await holdList(db, siteId, heldJson);
    throw new EmptyCatalogError();
  }
  const conflicts: string[] = [];
  const changed: PointDescription[] = [];
  for (const [name, entries] of byName) {
    const isOne = new Set(entries.map((entry) => JSON.stringify({ ...entry, updatedAt: null }))).size === 1;
    if (!isOne) conflicts.push(name);
    if (isOne) changed.push(entries[0]!);
    else if (current.get(name)?.configured !== true) changed.push(undescribed(name));
  }
  await upsertPoints(db, siteId, changed, (some) => noteMeanings(db, siteId, some, at));
  const { retired } = verdict;
  for (let first = 0; first < retired.length; first += MAX_POINTS_PER_TRANSACTION) {
    const some = JSON.stringify(retired.slice(first, first + MAX_POINTS_PER_TRANSACTION));
    await withD1Retry(() => db.prepare(RETIRE_POINTS).bind(some).run());
  }
  await noteList(db, siteId, { at, heldJson, conflicts: conflicts.length });
  return { retired: retired.length, held: verdict.held, conflicts };
}
