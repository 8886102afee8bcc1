import { z } from "zod";
import type { WorkerName } from "../worker-names.ts";
import type { Account } from "./account.ts";
import { type CloudflareApi, CloudflareError } from "./cloudflare-api.ts";
import { type LifecycleRule, rulesSchema } from "./lifecycle-rules.ts";
import { noSubdomain } from "./suggestions.ts";
import type { Wanted, WantedWorker } from "./wanted.ts";

/** An existing Worker: deployed, or a draft that its first `secret put` created. */
export interface ExistingWorker {
  readonly secrets: readonly string[];
  /** deployed versions that share its requests; empty: a draft */
  readonly versions: readonly string[];
}

interface ExistingDatabase {
  readonly id: string;
  /** file names, in the order of their application */
  readonly applied: readonly string[];
  /** it has tables of its own, which may hold samples */
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
}

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

/**
 * Reads the parts of an environment that an account has. Changes nothing.
 * @throws {AggregateError} of everything that the account lacks, so that one run names it all
 */
export async function readExisting(api: CloudflareApi, account: Account, wanted: Wanted): Promise<Existing> {
  const root = `accounts/${account.id}`;
  const [databases, rules, namespace, workers] = await allRead([
    allRead(wanted.databases.map((name) => readDatabase(api, root, name))),
    orNull(NO_SUCH_BUCKET, api.get(rulesSchema, `${root}/r2/buckets/${wanted.bucket}/lifecycle`)),
    findNamespace(api, root, wanted.namespace),
    allRead(wanted.workers.map((worker) => readWorker(api, root, worker))),
    // The last two only tell whether Cloudflare would refuse the deploy.
    requireSubdomain(api, account),
    api.get(z.unknown(), `${root}/workflows?per_page=1`),
  ]);
  return {
    databases: new Map(databases.flatMap((database) => (database === null ? [] : [database]))),
    rules,
    namespace,
    workers: new Map(workers.flatMap((worker) => (worker === null ? [] : [worker]))),
  };
}

/** Awaits all reads. @throws {AggregateError} of every read that failed */
async function allRead<const T extends readonly Promise<unknown>[]>(
  reads: T,
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  const failures = (await Promise.allSettled(reads)).flatMap((read): unknown[] => {
    if (read.status === "fulfilled") return [];
    return read.reason instanceof AggregateError ? read.reason.errors : [read.reason];
  });
  if (failures.length > 0) throw new AggregateError(failures);
  return Promise.all(reads);
}

/** Workflows and workers.dev addresses need the account's subdomain, such as `acme` in acme.workers.dev. */
async function requireSubdomain(api: CloudflareApi, account: Account): Promise<void> {
  if ((await orNull(NO_SUBDOMAIN, api.get(z.unknown(), `accounts/${account.id}/workers/subdomain`))) === null) {
    throw new Error(noSubdomain(account));
  }
}

/** The answer; null: the API answered with this code, for a thing that does not exist. */
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
  const versions = deployments[0]?.versions.map(({ version_id: id }) => id) ?? [];
  const areOurs = await allRead(versions.map((id) => isDeployed(api, `${script}/versions/${id}`)));
  return [worker, { secrets: secrets.map((secret) => secret.name), versions: versions.filter((_, i) => areOurs[i]) }];
}

/** Tells a deployed version from a draft of `wrangler secret put`: each of our versions binds its metadata. */
async function isDeployed(api: CloudflareApi, path: string): Promise<boolean> {
  const { resources } = await api.get(versionSchema, path);
  return resources.bindings.some(({ type }) => type === "version_metadata");
}

/** Tables of Cloudflare, SQLite and wrangler's migrations. */
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
