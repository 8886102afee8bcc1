import type { AceClient } from "../ace/client.ts";
import { type Catalog, loadCatalog, replaceCatalog } from "../catalog/catalog.ts";
import { describePoint } from "../catalog/describe.ts";

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
  const points = await ace.configuredPoints(site, { deadline });
  await replaceCatalog(db, siteId, await loadCatalog(db, siteId), points.map(describePoint), at);
  return loadCatalog(db, siteId);
}
