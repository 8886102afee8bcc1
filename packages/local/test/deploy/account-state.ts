import { readdirSync, readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { DEPLOY_ORDER } from "../../src/deploy/wanted.ts";
import { WORKER_SECRETS } from "../../src/deploy/worker-secrets.ts";
import type { FakeAccount } from "../cloudflare/account.ts";

const MIGRATIONS_FOLDER = new URL("../../../../migrations/", import.meta.url);

/** All migrations of this checkout, in order. */
export const MIGRATIONS = readdirSync(MIGRATIONS_FOLDER).toSorted();

/** Adds a database with all migrations of this checkout, in the state that wrangler leaves. */
function addMigrated(account: FakeAccount, name: string): void {
  const { sql } = account.addDatabase(name);
  sql.exec(`CREATE TABLE d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`);
  const note = sql.prepare("INSERT INTO d1_migrations (name) VALUES (?)");
  for (const file of MIGRATIONS) {
    sql.exec(readFileSync(new URL(file, MIGRATIONS_FOLDER), "utf8"));
    note.run(file);
  }
}

/** The applied migrations of a database of the fake, in order. */
export function migrationsOf(account: FakeAccount, name: string): unknown[] {
  const rows = account.databases.get(name)?.sql.prepare("SELECT name FROM d1_migrations ORDER BY id").all() ?? [];
  return rows.map((row) => row["name"]);
}

/** Adds the parts of a completely deployed environment. @returns the deployed versions by Worker */
export function addDeployed(account: FakeAccount, environment: string): Map<string, string> {
  addMigrated(account, `building-vitals-${environment}`);
  const condition = { type: "Age" as const, maxAge: 604_800 };
  const rule = {
    id: "staging",
    enabled: true,
    conditions: { prefix: "staging/" },
    deleteObjectsTransition: { condition },
  };
  account.buckets.set(`ace-timeseries-${environment}`, { rules: [rule], location: null });
  account.namespaces.set(`etl-state-${environment}`, randomUUID().replaceAll("-", ""));
  return new Map(
    DEPLOY_ORDER.map((name) => {
      const worker = account.addWorker(`building-vitals-${name}-${environment}`);
      const id = randomUUID();
      const bindings = [{ type: "version_metadata", name: "CF_VERSION_METADATA" }];
      worker.versions.push({ id, bindings, limits: null, gzipBytes: 0 });
      worker.deployments.push([{ version_id: id, percentage: 100 }]);
      for (const secret of WORKER_SECRETS[name].required) worker.secrets.add(secret);
      return [name, id];
    }),
  );
}
