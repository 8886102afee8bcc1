import { z } from "zod";
import { withD1Retry } from "./retry.ts";

/** The version of the D1 schema that this code reads and writes. migrations/ sets it in `schema_version`. */
export const SCHEMA_VERSION = 1;

/** The schema version of the database; null: no migration was applied. */
export async function readSchemaVersion(db: D1Database): Promise<number | null> {
  try {
    const row = await withD1Retry(() => db.prepare("SELECT version FROM schema_version").first());
    return z.object({ version: z.int() }).parse(row).version;
  } catch (error) {
    if (error instanceof Error && error.message.includes("no such table")) return null;
    throw error;
  }
}
