import type { PointDescription } from "../src/domain/point.ts";
import type { PointSamples } from "../src/domain/samples.ts";
import { readSyncStates } from "../src/sync/sync-state.ts";

/** A described point, plain but for what is given. */
export function described(name: string, given: Partial<PointDescription> = {}): PointDescription {
  const plain = {
    label: null,
    unit: null,
    unitRaw: null,
    tags: { kv: {}, markers: [] },
    intervalS: null,
    updatedAt: null,
  };
  return { name, ...plain, ...given };
}

/** The id of a site, which is made. */
export async function newSite(db: D1Database, name: string): Promise<number> {
  const state = (await readSyncStates(db, [name])).get(name);
  if (state === undefined) throw new Error("the site was not made");
  return state.siteId;
}

/** A sample as a test writes it down; the time is epoch ms. */
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
