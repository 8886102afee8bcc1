import { z } from "zod";
import type { WorkerName } from "../worker-names.ts";
import { type LifecycleRule, parseLifecycleRules } from "./lifecycle-rules.ts";
import { type DeployPlaces, resolvedFile, writeResolvedFiles } from "./resolved-files.ts";
import type { Wanted, WantedWorker } from "./wanted.ts";
import { type Wrangler, WranglerFailed } from "./wrangler.ts";

/** A Worker that is there: deployed, or made by the first `secret put`. */
export interface ExistingWorker {
  readonly secrets: readonly string[];
  /** the version that all of its requests go to; null: it has none, or several share them */
  readonly version: string | null;
}

interface ExistingDatabase {
  /** file names, in the order in which they were applied */
  readonly applied: readonly string[];
  /** it has tables of its own, which may hold samples */
  readonly hasTables: boolean;
}

/** What an account has of what an environment wants. */
export interface Existing {
  /** by name; absent: there is no such database */
  readonly databases: ReadonlyMap<string, ExistingDatabase>;
  /** null: there is no such bucket */
  readonly rules: readonly LifecycleRule[] | null;
  /** id; null: there is no such namespace */
  readonly namespace: string | null;
  readonly workers: ReadonlyMap<WorkerName, ExistingWorker>;
}

const accountsSchema = z.object({ accounts: z.array(z.object({ id: z.string(), name: z.string() })) });
const databasesSchema = z.array(z.object({ uuid: z.string(), name: z.string() }));
const namespacesSchema = z.array(z.object({ id: z.string(), title: z.string() }));
const secretsSchema = z.array(z.object({ name: z.string() }));
const namesSchema = z.array(z.object({ results: z.array(z.object({ name: z.string() })) })).min(1);
const deploymentSchema = z.object({ versions: z.array(z.object({ version_id: z.string() })) });

/** R2's code for a bucket that does not exist. */
const NO_SUCH_BUCKET = "[code: 10006]";

/**
 * Makes sure that wrangler may act, and for which account; and renews its login once, for commands that run side by side.
 * @returns the account's name
 * @throws Error that says what to do
 */
export async function requireAccount(wrangler: Wrangler, accountId: string | undefined): Promise<string> {
  const { stdout, code, complaint } = await wrangler.attempt(["whoami", "--json"]);
  if (code !== 0) {
    const isLoggedOut = stdout.includes('"loggedIn"');
    const why = isLoggedOut ? "wrangler is not logged in." : `wrangler whoami: ${complaint}`;
    throw new Error(`${why}\nRun npx wrangler login, or set CLOUDFLARE_API_TOKEN.`);
  }
  const { accounts } = accountsSchema.parse(JSON.parse(stdout));
  // a token may act for an account that it may not list
  if (accountId !== undefined) return accounts.find(({ id }) => id === accountId)?.name ?? accountId;
  const [account, ...others] = accounts;
  if (account === undefined) throw new Error("The login shows no account: CLOUDFLARE_ACCOUNT_ID says which.");
  if (others.length > 0) {
    const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join("\n");
    throw new Error(`The login has several accounts; CLOUDFLARE_ACCOUNT_ID says which:\n${list}`);
  }
  return account.name;
}

/** Reads what is there, and changes nothing. @throws {WranglerFailed} */
export async function readExisting(wrangler: Wrangler, places: DeployPlaces, wanted: Wanted): Promise<Existing> {
  const [databases, rules, namespaces, ...workers] = await Promise.all([
    wrangler.json(databasesSchema, ["d1", "list", "--json"]),
    readRules(wrangler, wanted.bucket),
    wrangler.json(namespacesSchema, ["kv", "namespace", "list"]),
    ...wanted.workers.map((worker) => readWorker(wrangler, worker)),
  ]);
  const ids = new Map(databases.map(({ name, uuid }) => [name, uuid]));
  const namespace = namespaces.find(({ title }) => title === wanted.namespace)?.id ?? null;
  await writeResolvedFiles(places, wanted.environment, { databases: ids, namespace });
  const schemas = await Promise.all(
    wanted.databases
      .filter((name) => ids.has(name))
      .map(async (name) => [name, await readSchema(wrangler, places, wanted, name)] as const),
  );
  return {
    databases: new Map(schemas),
    rules,
    namespace,
    workers: new Map(workers.flatMap((worker) => (worker === null ? [] : [worker]))),
  };
}

async function readRules(wrangler: Wrangler, bucket: string): Promise<LifecycleRule[] | null> {
  const args = ["r2", "bucket", "lifecycle", "list", bucket];
  const { code, stdout, complaint } = await wrangler.attempt(args);
  if (code === 0) return parseLifecycleRules(stdout);
  if (complaint.includes(NO_SUCH_BUCKET) || complaint.includes("bucket does not exist")) return null;
  throw new WranglerFailed(args, complaint);
}

async function readWorker(
  wrangler: Wrangler,
  { worker, name }: WantedWorker,
): Promise<[WorkerName, ExistingWorker] | null> {
  const args = ["secret", "list", "--name", name];
  const { code, stdout, complaint } = await wrangler.attempt(args);
  if (code !== 0) {
    if (/Worker ".*" not found/.test(complaint)) return null;
    throw new WranglerFailed(args, complaint);
  }
  const secrets = secretsSchema.parse(JSON.parse(stdout)).map((secret) => secret.name);
  const status = ["deployments", "status", "--json", "--name", name];
  const deployment = await wrangler.attempt(status);
  if (deployment.code !== 0) {
    if (deployment.complaint.includes("has no deployments")) return [worker, { secrets, version: null }];
    throw new WranglerFailed(status, deployment.complaint);
  }
  const { versions } = deploymentSchema.parse(JSON.parse(deployment.stdout));
  const [only, ...others] = versions;
  return [worker, { secrets, version: others.length > 0 ? null : (only?.version_id ?? null) }];
}

/** The tables of Cloudflare's own, of SQLite's, and of wrangler's migrations. */
const NO_TABLES_OF_OURS = /^(_cf_|sqlite_|d1_migrations$)/;

/** `d1 migrations list` would make its table where there is none, and this must not change anything. */
async function readSchema(
  wrangler: Wrangler,
  places: DeployPlaces,
  { environment }: Wanted,
  database: string,
): Promise<ExistingDatabase> {
  const names = async (sql: string) => {
    const file = resolvedFile(places, "etl");
    const about = ["--remote", "--json", "--env", environment, "-c", file];
    const answers = await wrangler.json(namesSchema, ["d1", "execute", database, ...about, "--command", sql]);
    return answers.flatMap(({ results }) => results.map(({ name }) => name));
  };
  const tables = await names("SELECT name FROM sqlite_master WHERE type = 'table'");
  const hasTables = tables.some((name) => !NO_TABLES_OF_OURS.test(name));
  if (!tables.includes("d1_migrations")) return { applied: [], hasTables };
  return { applied: await names("SELECT name FROM d1_migrations ORDER BY id"), hasTables };
}
