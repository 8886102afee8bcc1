import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { WorkerName } from "../worker-names.ts";
import type { Environment } from "./deploy-options.ts";
import { DEPLOY_ORDER, readWranglerFile } from "./wanted.ts";

/** Ids that Cloudflare gave; null, or absent: there is no such thing yet. */
export interface ResourceIds {
  /** by name */
  readonly databases: ReadonlyMap<string, string>;
  readonly namespace: string | null;
}

/** Values that are paths from the wrangler file's own folder. */
const PATHS = new Set(["main", "migrations_dir", "directory"]);

/** Where the files of a deploy are. */
export interface DeployPlaces {
  /** the repository's folder, with the wrangler files */
  readonly root: string;
  /** where what is made of them is written */
  readonly resolved: string;
}

export function resolvedFile({ resolved }: DeployPlaces, worker: WorkerName): string {
  return join(resolved, `wrangler.${worker}.json`);
}

/**
 * Writes the wrangler files again with the ids of an account, for wrangler to deploy by. Never to be edited: each deploy
 * makes them anew of what the account says.
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
