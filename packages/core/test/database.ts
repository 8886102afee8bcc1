import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      /** set by vitest.config.ts */
      DB_1: D1Database;
      ETL_STATE: KVNamespace;
      TIMESERIES: R2Bucket;
      /** set by vitest.config.ts */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

/** The test file's own local D1, with the schema as deployed. Storage is shared by the tests of one file. */
export async function migratedDatabase(): Promise<D1Database> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  return env.DB;
}

/** A second one with the same schema, as a site may be in. */
export async function migratedOtherDatabase(): Promise<D1Database> {
  await applyD1Migrations(env.DB_1, env.TEST_MIGRATIONS);
  return env.DB_1;
}

const TABLES =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";
/** What the schema itself and its migrations are known by. */
const KEPT = new Set(["d1_migrations", "schema_version"]);

/** Deletes every row of every table that the system writes, whatever migrations have come. */
export async function emptyDatabase(): Promise<void> {
  const { results } = await env.DB.prepare(TABLES).all<{ name: string }>();
  const deletes = results.filter(({ name }) => !KEPT.has(name)).map(({ name }) => `DELETE FROM ${name}`);
  // in one transaction, at whose end alone references are looked at
  await env.DB.batch(["PRAGMA defer_foreign_keys = ON", ...deletes].map((sql) => env.DB.prepare(sql)));
}
