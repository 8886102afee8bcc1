import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import type { WorkerName } from "../worker-names.ts";
import type { Environment } from "./deploy-options.ts";
import { wantedDatabases } from "./wanted-databases.ts";

/** The query Worker is last, because it may bind the other two and use what they have new. */
export const DEPLOY_ORDER = ["etl", "backfill", "query"] as const satisfies readonly WorkerName[];

/** Builds use `staging/` for at most two days. The lifecycle rule deletes the remains of dead ones after this many. */
export const STAGING_EXPIRES_DAYS = 7;

const environmentSchema = z.looseObject({
  name: z.string(),
  d1_databases: z
    .array(
      z.looseObject({
        binding: z.string().regex(/^DB(?:_[1-9]\d*)?$/, "must be DB, or DB_1, DB_2, …"),
        database_name: z.string(),
        migrations_dir: z.string(),
      }),
    )
    .min(1),
  r2_buckets: z.tuple([z.looseObject({ bucket_name: z.string() })]),
  kv_namespaces: z.array(z.looseObject({ binding: z.string() })).optional(),
  vars: z.looseObject({ ACCESS_TEAM_DOMAIN: z.string().default(""), SITES: z.string() }),
});
const fileSchema = z.looseObject({ main: z.string(), env: z.record(z.string(), environmentSchema) });
export type WranglerFile = z.infer<typeof fileSchema>;

/** A Worker of an environment, as its wrangler file describes it. */
export interface WantedWorker {
  readonly worker: WorkerName;
  /** such as building-vitals-etl-staging */
  readonly name: string;
  readonly file: WranglerFile;
  /** it is behind Cloudflare Access */
  readonly hasAccess: boolean;
}

/** The parts that an environment needs. */
export interface Wanted {
  readonly environment: Environment;
  /** names, the main database's first */
  readonly databases: readonly string[];
  readonly bucket: string;
  /** title of the KV namespace */
  readonly namespace: string;
  /** file names, in the order of their application */
  readonly migrations: readonly string[];
  readonly workers: readonly WantedWorker[];
}

/**
 * Reads a Worker's wrangler file. @param root the repository's folder @throws Error that names each unexpected field
 */
export function readWranglerFile(root: string, worker: WorkerName): WranglerFile {
  const name = `wrangler.${worker}.toml`;
  const text = readFileSync(join(root, name), "utf8");
  let file: unknown;
  try {
    file = parseToml(text);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message.trimEnd() : String(error)}`, { cause: error });
  }
  return checked(name, fileSchema.safeParse(file));
}

function checked<T>(where: string, { data, error }: z.ZodSafeParseResult<T>): T {
  if (data !== undefined) return data;
  const faults = error?.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": ")) ?? [];
  throw new Error(`${where}: ${faults.join("; ")}`);
}

/** @throws Error for wrangler files that contradict each other, or lack the environment */
export async function readWanted(root: string, environment: Environment): Promise<Wanted> {
  const workers = DEPLOY_ORDER.map((worker) => {
    const file = readWranglerFile(root, worker);
    const declared = file.env[environment];
    if (declared === undefined) throw new Error(`wrangler.${worker}.toml has no environment ${environment}.`);
    return { worker, name: declared.name, file, declared, hasAccess: declared.vars.ACCESS_TEAM_DOMAIN !== "" };
  });
  const same = (noun: string, names: readonly string[]) => {
    const [first, ...others] = new Set(names);
    if (first === undefined || others.length > 0) {
      throw new Error(
        `The wrangler files name more than one ${noun} for ${environment}: ${[first, ...others].join(", ")}.`,
      );
    }
    return first;
  };
  const migrationsDir = same(
    "folder of migrations",
    workers.flatMap(({ declared }) => declared.d1_databases.map((database) => database.migrations_dir)),
  );
  const files = await readdir(join(root, migrationsDir));
  return {
    environment,
    databases: wantedDatabases(
      environment,
      workers.map(({ worker, declared }) => ({
        worker,
        databases: declared.d1_databases.map((database) => [database.binding, database.database_name] as const),
        sites: checked(
          `SITES of ${environment} in wrangler.${worker}.toml`,
          sitesSettingSchema.safeParse(declared.vars.SITES),
        ),
      })),
    ),
    bucket: same(
      "bucket",
      workers.map(({ declared }) => declared.r2_buckets[0].bucket_name),
    ),
    namespace: `etl-state-${environment}`,
    migrations: files.filter((file) => file.endsWith(".sql")).sort(),
    workers: workers.map(({ worker, name, file, hasAccess }) => ({ worker, name, file, hasAccess })),
  };
}
