import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      /** set by vitest.config.ts */
      DB_1: D1Database;
      /** set by vitest.config.ts; it never has a schema */
      DB_EMPTY: D1Database;
      ETL_STATE: KVNamespace;
      TIMESERIES: R2Bucket;
      /** set by vitest.config.ts */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

/**
 * The D1 of tests, with the deployed schema and no rows. R2 and KV are empty. Test files share it one after another.
 */
export async function migratedDatabase(): Promise<D1Database> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  await Promise.all([emptyDatabase(), emptyBucket(), emptyNamespace()]);
  return env.DB;
}

/** A second database with the same schema, for sites in another database. */
export async function migratedOtherDatabase(): Promise<D1Database> {
  await applyD1Migrations(env.DB_1, env.TEST_MIGRATIONS);
  await emptyTables(env.DB_1);
  return env.DB_1;
}

const TABLES =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";
/** Tables of the schema itself and its migrations. */
const KEPT = new Set(["d1_migrations", "schema_version"]);

/** Deletes every row of every table that the system writes. */
export async function emptyDatabase(): Promise<void> {
  await emptyTables(env.DB);
}

async function emptyTables(db: D1Database): Promise<void> {
  const { results } = await db.prepare(TABLES).all<{ name: string }>();
  const deletes = results.filter(({ name }) => !KEPT.has(name)).map(({ name }) => `DELETE FROM ${name}`);
  // One transaction, which checks references only at its end.
  await db.batch(["PRAGMA defer_foreign_keys = ON", ...deletes].map((sql) => db.prepare(sql)));
}

async function emptyBucket(): Promise<void> {
  for (;;) {
    const { objects, truncated } = await env.TIMESERIES.list();
    if (objects.length > 0) await env.TIMESERIES.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}

/** Not every Worker has a KV binding. */
async function emptyNamespace(): Promise<void> {
  const namespace = env.ETL_STATE as KVNamespace | undefined;
  for (const { name } of (await namespace?.list())?.keys ?? []) await namespace?.delete(name);
}
