import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { BackfillSite } from "@building-vitals/core/backfill/backfill-site";
import type { Settings } from "./env.ts";

/**
 * The sites that a request names, in the order of the SITES setting; all of them when it names none.
 * @throws {Problem} `unknown_site`
 */
export async function sitesOf(
  { DB, SITES }: Settings,
  names: readonly string[] | undefined,
  field: string,
): Promise<BackfillSite[]> {
  const configured = SITES.map((site) => site.name);
  const unknown = names?.find((name) => !configured.includes(name));
  if (unknown !== undefined) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(unknown)}.`, field);
  }
  const wanted = configured.filter((name) => names === undefined || names.includes(name));
  const states = await readSyncStates(DB, wanted);
  return wanted.flatMap((name) => {
    const state = states.get(name);
    return state === undefined ? [] : [{ id: state.siteId, name }];
  });
}
