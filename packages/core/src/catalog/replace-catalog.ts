import { withD1Retry } from "../d1/retry.ts";
import { type PointDescription, undescribed } from "../domain/point.ts";
import { type Catalog, MAX_POINTS_PER_TRANSACTION, upsertPoints } from "./catalog.ts";
import { type HeldList, judgeList } from "./judge-list.ts";
import { noteMeanings } from "./past-meanings.ts";
import { holdList, noteList } from "./sites.ts";

/** ?1: JSON array of point ids. */
const RETIRE_POINTS = "UPDATE points SET configured = 0 WHERE id IN (SELECT value FROM json_each(?1))";

/** The upstream lists no configured point. That would retire every point, and is far likelier a fault of its own. */
export class EmptyCatalogError extends Error {
  override readonly name = "EmptyCatalogError";

  constructor() {
    super("the upstream listed no configured points; the catalogue stays as it was");
  }
}

/** What became of a list. */
export interface ListOutcome {
  readonly retired: number;
  /** see {@link judgeList}; null: the list was taken over whole */
  readonly held: HeldList | null;
  /** names whose entries disagree */
  readonly conflicts: readonly string[];
}

/**
 * Takes over the upstream's whole list of a site's configured points, some a transaction. The list counts as taken over once all is
 * written; a repeat writes what is left. Nothing is written for a point that did not change. Points that the list leaves out are retired as {@link judgeList} says: they keep their
 * samples, but are collected no more.
 *
 * Where entries of one name disagree, it is not known what the point is. It stays as it was; one that was not collected
 * before is collected from now on, without label, unit, tags and cadence.
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
