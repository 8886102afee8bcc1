import { z } from "zod";
import type { Existing } from "./account.ts";
import { type Bookmark, creationNames, databaseName, rollbackLines, told } from "./deploy-words.ts";
import { type AccessToken, waitForHealth } from "../health.ts";
import { type Creation, type DeployPlan, STAGING_RULE } from "./plan.ts";
import { type DeployPlaces, resolvedFile, writeResolvedFiles } from "./resolved-files.ts";
import { STAGING_EXPIRES_DAYS, type Wanted, type WantedWorker } from "./wanted.ts";
import { deployedIn, type Wrangler } from "./wrangler.ts";

/** What the steps of a deploy work with. */
export interface DeployContext {
  readonly wrangler: Wrangler;
  readonly places: DeployPlaces;
  readonly wanted: Wanted;
  readonly say: (line: string) => void;
  /** how long a Worker may take to answer well, ms */
  readonly waitMs: number;
  readonly access: AccessToken | null;
}

/** A Worker that was deployed, and does not answer well. */
export class DeployedIll extends Error {
  override readonly name = "DeployedIll";
}

const databasesSchema = z.array(z.object({ uuid: z.string(), name: z.string() }));
const namespacesSchema = z.array(z.object({ id: z.string(), title: z.string() }));
const bookmarkSchema = z.object({ bookmark: z.string() });

/** Creates what is missing. Each is there or not, so that a second run goes on where the first one failed. */
export async function createMissing(context: DeployContext, plan: DeployPlan): Promise<void> {
  const { wrangler, places, wanted, say } = context;
  const names = creationNames(wanted);
  const missing = plan.databases.filter(({ create }) => create);
  for (const { name } of missing) {
    await wrangler.run(["d1", "create", name]);
    say(told("created", databaseName(name)));
  }
  for (const what of plan.create) {
    await wrangler.run(creationCommand(wanted, what));
    say(told("created", names[what]));
  }
  if (missing.length === 0 && !plan.create.includes("namespace")) return;
  const databases = await wrangler.json(databasesSchema, ["d1", "list", "--json"]);
  const namespaces = await wrangler.json(namespacesSchema, ["kv", "namespace", "list"]);
  await writeResolvedFiles(places, wanted.environment, {
    databases: new Map(databases.map(({ name, uuid }) => [name, uuid])),
    namespace: namespaces.find(({ title }) => title === wanted.namespace)?.id ?? null,
  });
}

function creationCommand({ bucket, namespace }: Wanted, what: Creation): string[] {
  switch (what) {
    case "bucket":
      return ["r2", "bucket", "create", bucket];
    case "rule":
      return [...addRule(bucket)];
    case "namespace":
      return ["kv", "namespace", "create", namespace];
  }
}

function addRule(bucket: string): string[] {
  const { name, prefix } = STAGING_RULE;
  return ["r2", "bucket", "lifecycle", "add", bucket, name, prefix, "--expire-days", `${STAGING_EXPIRES_DAYS}`];
}

export async function replaceRule({ wrangler, wanted, say }: DeployContext): Promise<void> {
  await wrangler.run(["r2", "bucket", "lifecycle", "remove", wanted.bucket, "--name", STAGING_RULE.name]);
  await wrangler.run(addRule(wanted.bucket));
  say(told("replaced", creationNames(wanted).rule));
}

/** Builds all Workers as they will be deployed, so that a fault of the code stops a deploy before it changes anything. */
export async function buildAll({ wrangler, places, wanted, say }: DeployContext): Promise<void> {
  for (const { worker } of wanted.workers) {
    await wrangler.run([...deployCommand(places, wanted, worker), "--dry-run"]);
  }
  say(told("built", wanted.workers.map(({ worker }) => worker).join(", ")));
}

function deployCommand(places: DeployPlaces, { environment }: Wanted, worker: WantedWorker["worker"]): string[] {
  return ["deploy", "--env", environment, "-c", resolvedFile(places, worker)];
}

/**
 * Migrates each database, all of them behind bookmarks that are noted before the first is touched.
 * @returns the bookmarks of those that held something
 */
export async function migrate(context: DeployContext, plan: DeployPlan): Promise<Bookmark[]> {
  const { wrangler, places, wanted, say } = context;
  const about = ["--env", wanted.environment, "-c", resolvedFile(places, "etl")];
  const bookmarks: Bookmark[] = [];
  for (const { name } of plan.databases.filter((database) => database.bookmark)) {
    const asked = ["d1", "time-travel", "info", name, "--json", ...about];
    const { bookmark } = await wrangler.json(bookmarkSchema, asked);
    bookmarks.push({ database: name, bookmark });
    say(told("bookmark", `${bookmark}, of ${name} before the migration`));
  }
  for (const { name, migrate: files } of plan.databases.filter((database) => database.migrate.length > 0)) {
    await wrangler.run(["d1", "migrations", "apply", name, "--remote", ...about]);
    say(told("migrated", `${name}: ${files.join(", ")}`));
  }
  return bookmarks;
}

/**
 * Deploys the Workers one after the other, each after the one before it answered well.
 * @param bookmarks of databases that were migrated and held something
 * @throws {DeployedIll} {WranglerFailed}
 */
export async function deployWorkers(
  context: DeployContext,
  existing: Existing,
  bookmarks: readonly Bookmark[],
): Promise<void> {
  const { wrangler, places, wanted, say, waitMs, access } = context;
  for (const { worker } of wanted.workers) {
    const args = deployCommand(places, wanted, worker);
    const { version_id: version, targets } = deployedIn(args, await wrangler.run(args));
    const url = addressIn(targets);
    if (url === null) {
      say(told("deployed", `${worker}, which has no address to ask for its health`));
      continue;
    }
    const fault = await waitForHealth(url, version, waitMs, access);
    if (fault !== null) {
      const before = existing.workers.get(worker)?.version ?? null;
      const lines = [
        `${worker} was deployed${version === null ? "" : ` as ${version}`}, and is NOT WELL: ${fault}`,
        `  ${url}/health`,
        ...rollbackLines(wanted, worker, before, bookmarks),
      ];
      throw new DeployedIll(lines.join("\n"));
    }
    say(told("deployed", `${worker.padEnd(9)}${url}`));
  }
}

/** The first address among what a Worker is triggered by: crons and Workflows have none. */
function addressIn(targets: readonly string[]): string | null {
  for (const target of targets) {
    const [, scheme = "https://", host] =
      /^(https?:\/\/)?([\w.-]+\.[\w-]+(?::\d+)?)(?:\/\*?)?(?: \(.*\))?$/.exec(target) ?? [];
    if (host !== undefined) return `${scheme}${host}`;
  }
  return null;
}
