import { z } from "zod";
import { type AccessToken, waitForHealth } from "../health.ts";
import type { Account } from "./account.ts";
import type { CloudflareApi } from "./cloudflare-api.ts";
import { creationNames, databaseName, formatDeployLine } from "./format-deploy.ts";
import type { Existing } from "./existing.ts";
import { rulesSchema, STAGING_RULE } from "./lifecycle-rules.ts";
import type { DeployPlan } from "./plan.ts";
import { type DeployPlaces, resolvedFile, writeResolvedFiles } from "./resolved-files.ts";
import { type Bookmark, type Replaced, formatRollback } from "./rollback.ts";
import type { Wanted } from "./wanted.ts";
import { deployedIn, type Wrangler } from "./wrangler.ts";

export interface DeployContext {
  readonly wrangler: Wrangler;
  readonly api: CloudflareApi;
  readonly account: Account;
  readonly places: DeployPlaces;
  readonly wanted: Wanted;
  readonly say: (line: string) => void;
  /** longest wait for a healthy answer of a Worker, ms */
  readonly waitMs: number;
  readonly access: AccessToken | null;
  /** location hint of new databases and the bucket, such as `wnam`; null: Cloudflare chooses */
  readonly location: string | null;
}

/** A deployed Worker is not healthy. The message names the ways forward and back. */
export class NotWell extends Error {
  override readonly name = "NotWell";
}

const createdDatabaseSchema = z.object({ uuid: z.string() });
const createdNamespaceSchema = z.object({ id: z.string() });
const bookmarkSchema = z.object({ bookmark: z.string() });

/**
 * Creates missing parts, and writes the wrangler files with all ids. A part exists or does not, so a second run
 * continues a failed one.
 * @throws {CloudflareError}
 */
export async function createMissing(
  context: Pick<DeployContext, "api" | "account" | "places" | "wanted" | "location" | "say">,
  existing: Existing,
  plan: DeployPlan,
): Promise<void> {
  const { api, account, places, wanted, location, say } = context;
  const root = `accounts/${account.id}`;
  const names = creationNames(wanted);
  const databases = new Map([...existing.databases].map(([name, { id }]) => [name, id]));
  for (const { name } of plan.databases.filter(({ create }) => create)) {
    const body = { name, ...(location === null ? {} : { primary_location_hint: location }) };
    databases.set(name, (await api.post(createdDatabaseSchema, `${root}/d1/database`, body)).uuid);
    say(formatDeployLine("created", databaseName(name)));
  }
  let { namespace } = existing;
  for (const part of plan.create) {
    switch (part) {
      case "bucket":
        await api.post(z.unknown(), `${root}/r2/buckets`, {
          name: wanted.bucket,
          ...(location === null ? {} : { locationHint: location }),
        });
        break;
      case "rule":
        await putStagingRule(context);
        break;
      case "namespace":
        ({ id: namespace } = await api.post(createdNamespaceSchema, `${root}/storage/kv/namespaces`, {
          title: wanted.namespace,
        }));
    }
    say(formatDeployLine("created", names[part]));
  }
  await writeResolvedFiles(places, wanted.environment, { databases, namespace });
}

/** Adds the staging rule to the bucket's rules, or replaces the rule with its id. */
async function putStagingRule({
  api,
  account,
  wanted,
}: Pick<DeployContext, "api" | "account" | "wanted">): Promise<void> {
  const path = `accounts/${account.id}/r2/buckets/${wanted.bucket}/lifecycle`;
  const others = (await api.get(rulesSchema, path)).filter(({ id }) => id !== STAGING_RULE.id);
  await api.put(path, { rules: [...others, STAGING_RULE] });
}

export async function replaceRule(context: DeployContext): Promise<void> {
  await putStagingRule(context);
  context.say(formatDeployLine("replaced", creationNames(context.wanted).rule));
}

/**
 * Builds all Workers, so that an error in the code stops a deploy before it changes anything.
 * @throws {WranglerFailed}
 */
export async function buildAll({ wrangler, wanted: { environment, workers }, say }: DeployContext): Promise<void> {
  const builds = workers.map(({ worker }) =>
    wrangler.run(["deploy", "--dry-run", "--env", environment, "-c", `wrangler.${worker}.toml`]),
  );
  // All builds must have ended before the command ends.
  await Promise.allSettled(builds);
  await Promise.all(builds);
  say(formatDeployLine("built", workers.map(({ worker }) => worker).join(", ")));
}

/**
 * Migrates each database, after it took the bookmarks of all.
 * @returns the bookmarks of databases that held data
 * @throws {CloudflareError} {WranglerFailed}
 */
export async function migrate(context: DeployContext, existing: Existing, plan: DeployPlan): Promise<Bookmark[]> {
  const { wrangler, api, account, places, wanted, say } = context;
  const about = ["--env", wanted.environment, "-c", resolvedFile(places, "etl")];
  const bookmarks: Bookmark[] = [];
  for (const { name } of plan.databases.filter((database) => database.bookmark)) {
    const id = existing.databases.get(name)?.id;
    const path = `accounts/${account.id}/d1/database/${id}/time_travel/bookmark`;
    const { bookmark } = await api.get(bookmarkSchema, path);
    bookmarks.push({ database: name, bookmark });
    say(formatDeployLine("bookmark", `${bookmark}, of ${name} before the migration`));
  }
  for (const { name, migrate: files } of plan.databases.filter((database) => database.migrate.length > 0)) {
    await wrangler.run(["d1", "migrations", "apply", name, "--remote", ...about]);
    say(formatDeployLine("migrated", `${name}: ${files.join(", ")}`));
  }
  return bookmarks;
}

/**
 * Deploys the Workers one by one, each after the previous one is healthy.
 * @param bookmarks of databases that held data before the migration
 * @throws {NotWell} {WranglerFailed}
 */
export async function deployWorkers(
  context: DeployContext,
  existing: Existing,
  bookmarks: readonly Bookmark[],
): Promise<void> {
  const { wrangler, places, wanted, say, waitMs, access } = context;
  const replaced: Replaced[] = [];
  for (const { worker } of wanted.workers) {
    const args = ["deploy", "--env", wanted.environment, "-c", resolvedFile(places, worker)];
    const { version_id: version, targets } = deployedIn(args, await wrangler.run(args));
    replaced.push({ worker, versions: existing.workers.get(worker)?.versions ?? [] });
    const url = addressIn(targets);
    if (url === null) {
      say(formatDeployLine("deployed", `${worker}, which has no address, so its /health was not checked`));
      continue;
    }
    const fault = await waitForHealth(url, version, waitMs, access);
    if (fault !== null) {
      const lines = [
        `${worker} was deployed${version === null ? "" : ` as ${version}`}, and is NOT WELL: ${fault}`,
        `  ${url}/health`,
        ...formatRollback(wanted, replaced, bookmarks),
      ];
      throw new NotWell(lines.join("\n"));
    }
    say(formatDeployLine("deployed", `${worker.padEnd(9)}${url}`));
  }
}

/** The first address among a Worker's triggers; crons and Workflows have none. */
function addressIn(targets: readonly string[]): string | null {
  for (const target of targets) {
    const [, scheme = "https://", host] =
      /^(https?:\/\/)?([\w.-]+\.[\w-]+(?::\d+)?)(?:\/\*?)?(?: \(.*\))?$/.exec(target) ?? [];
    if (host !== undefined) return `${scheme}${host}`;
  }
  return null;
}
