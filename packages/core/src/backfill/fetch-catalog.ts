import type { AceClient } from "../ace/client.ts";
import { readListedAt, refreshCatalog } from "../catalog/refresh-catalog.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { SiteStore } from "./backfill-site.ts";
import { FETCH_STEP, type Steps, STORE_STEP } from "./steps.ts";

/** An older catalogue is fetched again. */
const CATALOG_MAX_AGE_MS = HOUR_MS;

interface CatalogContext {
  readonly newClient: () => AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** whether the upstream may be requested */
  readonly mayGoOn: () => Promise<boolean>;
}

/**
 * Fetches the site's list of points unless it is recent. Without a list every sample would be rejected as unconfigured,
 * and a full day would look empty.
 * @returns why no list is available; null: a list is available
 */
export async function fetchCatalog(
  steps: Steps,
  { newClient, now, mayGoOn }: CatalogContext,
  { db, site }: SiteStore,
): Promise<string | null> {
  try {
    await steps.do("fetch the catalogue", FETCH_STEP, async () => {
      const at = await readListedAt(db, site.id);
      if (at !== null && now() - at < CATALOG_MAX_AGE_MS) return;
      if (!(await mayGoOn())) return;
      await refreshCatalog(db, newClient(), site.name, site.id, now());
    });
    return null;
  } catch (error) {
    const why = `cannot fetch the catalogue: ${error instanceof Error ? error.message : String(error)}`;
    try {
      const look = async () => (await readListedAt(db, site.id)) !== null;
      // An old catalogue suffices, because points change slowly.
      return (await steps.do("check for a catalogue", STORE_STEP, look)) ? null : why;
    } catch {
      return why;
    }
  }
}
