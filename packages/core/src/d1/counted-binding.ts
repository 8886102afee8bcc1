import { ISOLATE } from "../telemetry/isolate-counters.ts";
import { countedDatabase } from "./site-counters.ts";

/** By the platform's binding: a database must be the same one each time. */
const counted = new WeakMap<D1Database, D1Database>();

/** The database of a binding, whose statements count for `/metrics`. */
export function countedBinding(db: D1Database): D1Database {
  const known = counted.get(db) ?? countedDatabase(db, ISOLATE);
  counted.set(db, known);
  return known;
}
