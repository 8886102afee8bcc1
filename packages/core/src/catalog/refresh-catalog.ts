import { z } from "zod";
import type { AceClient } from "../ace/client.ts";
import type { CallOptions } from "../ace/transport.ts";
import { withD1Retry } from "../d1/retry.ts";
import { isPointName } from "../domain/point.ts";
import { log } from "../telemetry/log.ts";
import { type Catalog, loadCatalog } from "./catalog.ts";
import { describePoint } from "./describe.ts";
import { type HeldList, heldListSchema } from "./judge-list.ts";
import { replaceCatalog } from "./replace-catalog.ts";

/** The most names in a log line. */
const NAMES_LOGGED = 10;

/** The state of a site's lists, for operators. */
export interface ListState {
  /** see `judgeList`; null: the last list was applied whole */
  readonly held: HeldList | null;
  /** points whose entries in the last list disagree */
  readonly conflicts: number;
  /** collected points of the list that never had a sample */
  readonly neverSeen: number;
}

/** ?1: site. */
const READ_LIST_STATE = `
SELECT held_list, list_conflicts, (SELECT count(*) FROM points p
  WHERE p.site_id = s.id AND p.configured = 1 AND p.source = 'catalog' AND p.first_seen IS NULL) AS never_seen
FROM sites s WHERE id = ?1`;

const listStateSchema = z.object({ held_list: z.string().nullable(), list_conflicts: z.int(), never_seen: z.int() });

/** @throws the error of D1, after retries */
export async function readListState(db: D1Database, siteId: number): Promise<ListState> {
  const statement = db.prepare(READ_LIST_STATE).bind(siteId);
  const row = listStateSchema.parse(await withD1Retry(() => statement.first()));
  const { held_list: held, list_conflicts: conflicts, never_seen: neverSeen } = row;
  return { held: held === null ? null : heldListSchema.parse(JSON.parse(held)), conflicts, neverSeen };
}

/** When the site's list was last applied, epoch ms; null: never. @throws the error of D1, after retries */
export async function readListedAt(db: D1Database, siteId: number): Promise<number | null> {
  const statement = db.prepare("SELECT catalog_at FROM sites WHERE id = ?1").bind(siteId);
  return z.object({ catalog_at: z.int().nullable() }).parse(await withD1Retry(() => statement.first())).catalog_at;
}

/**
 * Applies the upstream's list of a site's configured points, and returns the resulting catalogue.
 * @param at epoch ms
 * @throws {AceError}; {EmptyCatalogError}; the error of D1
 */
export async function refreshCatalog(
  db: D1Database,
  ace: AceClient,
  site: string,
  siteId: number,
  at: number,
  options: CallOptions = {},
): Promise<Catalog> {
  // Both are read before the list is requested. This list must not retire points that another list adds meanwhile, nor
  // confirm a list that was held meanwhile.
  const known = await loadCatalog(db, siteId);
  const { held } = await readListState(db, siteId);
  const points = await ace.configuredPoints(site, options);
  // Samples of a name that cannot be stored are rejected too.
  const named = points.filter(({ name }) => isPointName(name));
  const outcome = await replaceCatalog(db, siteId, known, named.map(describePoint), at, held);
  if (outcome.held !== null) {
    log("catalog_list_held", { site, listed: outcome.held.listed, missing: outcome.held.missing.length });
  }
  if (outcome.conflicts.length > 0) {
    const names = JSON.stringify(outcome.conflicts.slice(0, NAMES_LOGGED));
    log("catalog_list_conflicts", { site, points: outcome.conflicts.length, names });
  }
  return loadCatalog(db, siteId);
}
