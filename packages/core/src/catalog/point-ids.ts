import { addDiscoveredPoints, loadCatalog } from "./catalog.ts";

/** The catalogue's ids of these names. One that only a day file knew is added, as found in data. */
export async function pointIdsOf(
  db: D1Database,
  siteId: number,
  names: readonly string[],
): Promise<Map<string, number>> {
  let catalog = await loadCatalog(db, siteId);
  const unknown = names.filter((name) => !catalog.has(name));
  if (unknown.length > 0) {
    await addDiscoveredPoints(db, siteId, unknown);
    catalog = await loadCatalog(db, siteId);
  }
  return new Map([...catalog.values()].map(({ name, id }) => [name, id]));
}
