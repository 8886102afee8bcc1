import { ISOLATE } from "../telemetry/isolate-counters.ts";
import { countedDatabase } from "./site-counters.ts";

/** Keyed by the platform's binding, so that a database is the same object each time. */
const counted = new WeakMap<D1Database, D1Database>();

/** The database of a binding. `/metrics` counts its statements. */
export function countedBinding(db: D1Database): D1Database {
  const known = counted.get(db) ?? countedDatabase(db, ISOLATE);
  counted.set(db, known);
  return known;
}
