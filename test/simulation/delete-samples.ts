import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { type Deletion, deletePoint, deleteRange } from "@building-vitals/core/deletion/delete-samples";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import type { Settings } from "../../workers/backfill/src/env.ts";

/** What to delete: days of a site (whole days since 1970, both ends included) or a point. */
export type Deletable =
  | { readonly site: string; readonly first: number; readonly last: number }
  | { readonly site: string; readonly point: string };

/** Deletes like `POST /delete`, page by page. @param done runs when everything is deleted */
export async function deleteAll(settings: Settings, what: Deletable, done: () => void): Promise<void> {
  const { DB: db, TIMESERIES: bucket, ETL_STATE: kv, HOT_DAYS: hotDays } = settings;
  const state = (await readSyncStates(db, [what.site])).get(what.site);
  if (state === undefined) throw new Error(`${what.site}: unknown site`);
  const site = { id: state.siteId, name: what.site };
  const newBuild = () => `delete_${crypto.randomUUID()}`;
  const context = { db, bucket, kv, hotDays, now: Date.now, newBuild };
  const point = "point" in what ? (await loadCatalog(db, site.id)).get(what.point) : undefined;
  let isWhole = true;
  for (let from: number | null = 0; from !== null;) {
    const { days, nextDay }: Deletion =
      "point" in what
        ? await deletePoint(context, site, { id: point!.id, name: what.point }, from)
        : await deleteRange(context, site, { first: Math.max(from, what.first), last: what.last });
    isWhole &&= days.every(({ outcome }) => outcome === "deleted");
    from = nextDay;
  }
  if (isWhole) done();
}
