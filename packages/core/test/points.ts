import { loadCatalog } from "../src/catalog/catalog.ts";
import { replaceCatalog } from "../src/catalog/replace-catalog.ts";
import { type PointDescription, undescribed } from "../src/domain/point.ts";
import type { PointSamples } from "../src/domain/samples.ts";
import { readSyncStates } from "../src/sync/sync-state.ts";

/** A described point with defaults for all fields that are not given. */
export function described(name: string, given: Partial<PointDescription> = {}): PointDescription {
  return { ...undescribed(name), ...given };
}

/** Creates a site and returns its id. */
export async function newSite(db: D1Database, name: string): Promise<number> {
  const state = (await readSyncStates(db, [name])).get(name);
  if (state === undefined) throw new Error("the site was not made");
  return state.siteId;
}

/** A sample as a test writes it. The time is epoch ms. */
export type Sample = readonly [pointId: number, time: number, value: number];

/** Samples in columns. */
export function pointSamples(rows: readonly Sample[]): PointSamples {
  return {
    pointIds: Int32Array.from(rows, ([pointId]) => pointId),
    times: Float64Array.from(rows, ([, time]) => time),
    values: Float64Array.from(rows, ([, , value]) => value),
    length: rows.length,
  };
}

/** Creates a new site with these points. @returns the points' ids, in their order */
export async function newPoints(db: D1Database, siteId: number, names: readonly string[]): Promise<number[]> {
  await replaceCatalog(db, siteId, new Map(), names.map(undescribed), 1);
  const catalog = await loadCatalog(db, siteId);
  return names.map((name) => catalog.get(name)!.id);
}
