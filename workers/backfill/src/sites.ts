import { FETCH_STEP, type Steps } from "@building-vitals/core/backfill/steps";
import { byDatabase, databaseOf } from "@building-vitals/core/d1/site-databases";
import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { BackfillSite, PlacedSite, SiteStore } from "@building-vitals/core/backfill/backfill-site";
import type { Settings } from "./env.ts";

/**
 * The named sites, in the order of the SITES setting; without names all sites.
 * @throws {Problem} `unknown_site`
 */
export async function sitesOf(
  settings: Settings,
  names: readonly string[] | undefined,
  field: string,
): Promise<PlacedSite[]> {
  const { DB, SITES } = settings;
  const configured = new Set(SITES.map((site) => site.name));
  const unknown = names?.find((name) => !configured.has(name));
  if (unknown !== undefined) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(unknown)}.`, field);
  }
  const wanted = SITES.filter(({ name }) => names === undefined || names.includes(name));
  const allNames = wanted.map(({ name }) => name);
  // Jobs refer to sites of the main database, so each site has a row there, wherever its samples are.
  const states = await readSyncStates(DB, allNames);
  const elsewhere = new Map<string, SiteStore>();
  for (const { db, sites } of byDatabase(settings, wanted)) {
    if (db === DB) continue;
    const inIt = await readSyncStates(
      db,
      sites.map(({ name }) => name),
    );
    for (const [name, { siteId: id }] of inIt) elsewhere.set(name, { db, site: { id, name } });
  }
  return allNames.flatMap((name) => {
    const state = states.get(name);
    const stored = elsewhere.get(name);
    return state === undefined
      ? []
      : [{ id: state.siteId, name, ...(stored === undefined ? {} : { elsewhere: stored }) }];
  });
}

/**
 * The database of a job's site, and the site's id in it. Retries while the database does not answer.
 * @throws Error if the database does not answer, or if the SITES setting no longer has the site: its database is then
 * unknown
 */
export async function placeOf(steps: Steps, settings: Settings, site: BackfillSite): Promise<SiteStore> {
  const config = settings.SITES.find(({ name }) => name === site.name);
  if (config === undefined) throw new Error(`the SITES setting no longer has the site ${JSON.stringify(site.name)}`);
  const db = databaseOf(settings, config);
  if (db === settings.DB) return { db, site };
  const id = await steps.do("find the site", FETCH_STEP, async () => {
    const state = (await readSyncStates(db, [site.name])).get(site.name);
    if (state === undefined) throw new Error("the database returned no row for a configured site");
    return state.siteId;
  });
  return { db, site: { id, name: site.name } };
}
