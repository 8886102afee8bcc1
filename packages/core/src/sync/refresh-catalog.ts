import type { AceClient } from "../ace/client.ts";
import { type Catalog, loadCatalog, replaceCatalog } from "../catalog/catalog.ts";
import { describePoint } from "../catalog/describe.ts";
import { isPointName } from "../domain/point.ts";

/**
 * Takes over the upstream's list of a site's configured points, and gives the catalogue as it then is.
 * @param at epoch ms
 * @throws {AceError}; {EmptyCatalogError}; the error of D1
 */
export async function refreshCatalog(
  db: D1Database,
  ace: AceClient,
  site: string,
  siteId: number,
  at: number,
  deadline?: number,
): Promise<Catalog> {
  // before the list is asked for: points that a later list brings meanwhile are not this one's to retire
  const known = await loadCatalog(db, siteId);
  const points = await ace.configuredPoints(site, { deadline });
  // of a name that cannot be kept the samples are rejected too
  const named = points.filter(({ name }) => isPointName(name));
  await replaceCatalog(db, siteId, known, named.map(describePoint), at);
  return loadCatalog(db, siteId);
}
