import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { WorkerName } from "../worker-names.ts";
import type { Environment } from "./deploy-options.ts";
import { DEPLOY_ORDER, readWranglerFile } from "./wanted.ts";

/** Ids from Cloudflare; null or absent: not created yet. */
export interface ResourceIds {
  /** by name */
  readonly databases: ReadonlyMap<string, string>;
  readonly namespace: string | null;
}

/** Keys whose values are paths relative to the wrangler file. */
const PATHS = new Set(["main", "migrations_dir", "directory"]);

export interface DeployPlaces {
  /** the repository's folder, with the wrangler files */
  readonly root: string;
  /** the folder for the generated wrangler files */
  readonly resolved: string;
}

export function resolvedFile({ resolved }: DeployPlaces, worker: WorkerName): string {
  return join(resolved, `wrangler.${worker}.json`);
}

/**
 * Writes the wrangler files with the ids of an account, for wrangler's commands. Each deploy writes them again, so
 * edits are lost.
 */
export async function writeResolvedFiles(
  places: DeployPlaces,
  environment: Environment,
  ids: ResourceIds,
): Promise<void> {
  const { root, resolved: folder } = places;
  const up = relative(folder, root);
  await mkdir(folder, { recursive: true });
  for (const worker of DEPLOY_ORDER) {
    const file = readWranglerFile(root, worker);
    const declared = file.env[environment];
    if (declared === undefined) throw new Error(`wrangler.${worker}.toml has no environment ${environment}.`);
    const resolved = {
      ...file,
      env: {
        [environment]: {
          ...declared,
          d1_databases: declared.d1_databases.map((database) => {
            const id = ids.databases.get(database.database_name);
            return { ...database, ...(id === undefined ? {} : { database_id: id }) };
          }),
          ...(declared.kv_namespaces === undefined
            ? {}
            : {
                kv_namespaces: declared.kv_namespaces.map((kv) => ({
                  ...kv,
                  ...(ids.namespace === null ? {} : { id: ids.namespace }),
                })),
              }),
        },
      },
    };
    const json = JSON.stringify(
      resolved,
      (key, value: unknown) => (PATHS.has(key) && typeof value === "string" ? join(up, value) : value),
      2,
    );
    await writeFile(resolvedFile(places, worker), `${json}\n`);
  }
}
