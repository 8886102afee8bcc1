import { z } from "zod";
import type { WorkerName } from "../worker-names.ts";
import { type CloudflareApi, CloudflareError } from "./cloudflare-api.ts";
import { type LifecycleRule, rulesSchema } from "./lifecycle-rules.ts";
import type { Wanted, WantedWorker } from "./wanted.ts";

/** A Worker that exists: deployed, or a draft that the first `secret put` made. */
export interface ExistingWorker {
  readonly secrets: readonly string[];
  /** the version that takes all requests; null: none was deployed by this command, or several share the requests */
  readonly version: string | null;
}

interface ExistingDatabase {
  readonly id: string;
  /** file names, in the order in which they were applied */
  readonly applied: readonly string[];
  /** whether it has tables of its own, which may hold samples */
  readonly hasTables: boolean;
}

/** The parts of an environment that an account has. */
export interface Existing {
  /** by name */
  readonly databases: ReadonlyMap<string, ExistingDatabase>;
  /** null: the bucket does not exist */
  readonly rules: readonly LifecycleRule[] | null;
  /** id; null: the namespace does not exist */
  readonly namespace: string | null;
  readonly workers: ReadonlyMap<WorkerName, ExistingWorker>;
  /** such as `acme` of acme.workers.dev; null: none is registered */
  readonly subdomain: string | null;
}

export interface Account {
  readonly id: string;
  readonly name: string;
}

const accountSchema = z.object({ id: z.string(), name: z.string() });
const databasesSchema = z.array(z.object({ uuid: z.string(), name: z.string() }));
const namespacesSchema = z.array(z.object({ id: z.string(), title: z.string() }));
const secretsSchema = z.array(z.object({ name: z.string() }));
const namesSchema = z.array(z.object({ results: z.array(z.object({ name: z.string() })) })).min(1);
const deploymentsSchema = z.object({
  deployments: z.array(z.object({ versions: z.array(z.object({ version_id: z.string() })) })),
});
const versionSchema = z.object({ resources: z.object({ bindings: z.array(z.object({ type: z.string() })) }) });

/** Codes of Cloudflare's API for something that does not exist. */
const NO_SUCH_BUCKET = 10_006;
const NO_SUCH_WORKER = 10_007;
const NO_SUBDOMAIN = 10_007;

/** Namespaces a page: the API's largest. */
const NAMESPACES_PER_PAGE = 1_000;

/** Chooses the account to deploy to. @param id CLOUDFLARE_ACCOUNT_ID @throws Error that says what to do */
export async function requireAccount(api: CloudflareApi, id: string | undefined): Promise<Account> {
  const accounts = await api.get(z.array(accountSchema), "accounts?per_page=50");
  // A token may act for an account that it may not list.
  if (id !== undefined) return accounts.find((account) => account.id === id) ?? { id, name: id };
  const [account, ...others] = accounts;
  if (account === undefined) throw new Error("The login lists no account. Set CLOUDFLARE_ACCOUNT_ID to its id.");
  if (others.length > 0) {
    const list = accounts.map((other) => `  ${other.id}  ${other.name}`).join("\n");
    throw new Error(`The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of them:\n${list}`);
  }
  return account;
}

/** Reads what an account has of an environment; changes nothing. @throws {CloudflareError} */
export async function readExisting(api: CloudflareApi, account: Account, wanted: Wanted): Promise<Existing> {
  const root = `accounts/${account.id}`;
  const [databases, rules, namespace, subdomain, , ...workers] = await Promise.all([
    Promise.all(wanted.databases.map((name) => readDatabase(api, root, name))),
    orNull(NO_SUCH_BUCKET, api.get(rulesSchema, `${root}/r2/buckets/${wanted.bucket}/lifecycle`)),
    findNamespace(api, root, wanted.namespace),
    orNull(NO_SUBDOMAIN, api.get(z.object({ subdomain: z.string() }), `${root}/workers/subdomain`)),
    // Read only to find out whether the login has the right to Workflows.
    api.get(z.unknown(), `${root}/workflows?per_page=1`),
    ...wanted.workers.map((worker) => readWorker(api, root, worker)),
  ]);
  return {
    databases: new Map(databases.flatMap((database) => (database === null ? [] : [database]))),
    rules,
    namespace,
    subdomain: subdomain?.subdomain ?? null,
    workers: new Map(workers.flatMap((worker) => (worker === null ? [] : [worker]))),
  };
}

/** The answer, or null where the API says by this code that the thing does not exist. */
async function orNull<T>(code: number, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CloudflareError && error.codes.includes(code)) return null;
    throw error;
  }
}

async function findNamespace(api: CloudflareApi, root: string, title: string): Promise<string | null> {
  for (let page = 1; ; page++) {
    const path = `${root}/storage/kv/namespaces?per_page=${NAMESPACES_PER_PAGE}&page=${page}`;
    const namespaces = await api.get(namespacesSchema, path);
    const found = namespaces.find((namespace) => namespace.title === title);
    if (found !== undefined) return found.id;
    if (namespaces.length < NAMESPACES_PER_PAGE) return null;
  }
}

async function readWorker(
  api: CloudflareApi,
  root: string,
  { worker, name }: WantedWorker,
): Promise<[WorkerName, ExistingWorker] | null> {
  const script = `${root}/workers/scripts/${name}`;
  const secrets = await orNull(NO_SUCH_WORKER, api.get(secretsSchema, `${script}/secrets`));
  if (secrets === null) return null;
  const { deployments } = await api.get(deploymentsSchema, `${script}/deployments`);
  const [only, ...others] = deployments[0]?.versions ?? [];
  const version = only === undefined || others.length > 0 ? null : only.version_id;
  const isOurs = version !== null && (await isDeployed(api, `${script}/versions/${version}`));
  return [worker, { secrets: secrets.map((secret) => secret.name), version: isOurs ? version : null }];
}

/** Tells a deployed version from the draft of `wrangler secret put`: each of ours binds its version's metadata. */
async function isDeployed(api: CloudflareApi, path: string): Promise<boolean> {
  const { resources } = await api.get(versionSchema, path);
  return resources.bindings.some(({ type }) => type === "version_metadata");
}

/** Tables of Cloudflare, of SQLite, and of wrangler's migrations. */
const FOREIGN_TABLES = /^(_cf_|sqlite_|d1_migrations$)/;

async function readDatabase(
  api: CloudflareApi,
  root: string,
  name: string,
): Promise<[string, ExistingDatabase] | null> {
  const databases = await api.get(databasesSchema, `${root}/d1/database?per_page=50&name=${encodeURIComponent(name)}`);
  const id = databases.find((database) => database.name === name)?.uuid;
  if (id === undefined) return null;
  const names = async (sql: string) => {
    const answers = await api.post(namesSchema, `${root}/d1/database/${id}/query`, { sql });
    return answers.flatMap(({ results }) => results.map((row) => row.name));
  };
  const tables = await names("SELECT name FROM sqlite_master WHERE type = 'table'");
  const hasTables = tables.some((table) => !FOREIGN_TABLES.test(table));
  const applied = tables.includes("d1_migrations") ? await names("SELECT name FROM d1_migrations ORDER BY id") : [];
  return [name, { id, applied, hasTables }];
}
