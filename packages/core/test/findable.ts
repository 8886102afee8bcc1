import type { FindablePoint } from "../src/find/point.ts";

let id = 0;

/** A point to be found, with defaults for all fields that are not given. */
export function findable(name: string, given: Partial<FindablePoint> = {}): FindablePoint {
  const tags = { kv: {}, markers: [] };
  return { id: ++id, name, label: null, unit: null, unitRaw: null, tags, device: null, intervalS: null, ...given };
}
