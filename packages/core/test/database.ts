import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
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
