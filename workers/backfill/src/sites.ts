import { FETCH_STEP, type Steps } from "@building-vitals/core/backfill/steps";
import { byDatabase, databaseOf } from "@building-vitals/core/d1/site-databases";
import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { BackfillSite, PlacedSite, SiteStore } from "@building-vitals/core/backfill/backfill-site";
import type { Settings } from "./env.ts";

/**
 * The sites that a request names, in the order of the SITES setting; all of them when it names none.
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
  // the jobs refer to sites of the main database, so each has a row there, wherever its samples are
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
 * Where a site is that a job knows; a database that does not answer is waited for as the upstream is.
 * @throws Error where its database does not answer, and where the SITES setting has it no more: whose its days are then nobody can say
 */
export async function placeOf(steps: Steps, settings: Settings, site: BackfillSite): Promise<SiteStore> {
  const config = settings.SITES.find(({ name }) => name === site.name);
  if (config === undefined) throw new Error(`the SITES setting has no site ${JSON.stringify(site.name)} any more`);
  const db = databaseOf(settings, config);
  if (db === settings.DB) return { db, site };
  const id = await steps.do("find the site", FETCH_STEP, async () => {
    const state = (await readSyncStates(db, [site.name])).get(site.name);
    if (state === undefined) throw new Error("a site that was asked for is made");
    return state.siteId;
  });
  return { db, site: { id, name: site.name } };
}
