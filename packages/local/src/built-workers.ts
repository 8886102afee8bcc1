import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { buildDashboard } from "./dashboard-build.ts";
import { migrationSchema, readMigrations } from "./migrations.ts";
import { bundleWorker } from "./worker-bundle.ts";
import { readWorkerFile, type WorkerFile, workerFileSchema } from "./worker-file.ts";
import { WORKER_NAMES, type WorkerName } from "./worker-names.ts";

const DOOR = fileURLToPath(new URL("./in-worker/local-door.ts", import.meta.url));

/**
 * The variable that names a JSON file of {@link BuiltWorkers}. Tests set it, because they start the same Workers 30
 * times.
 */
export const BUILT_WORKERS = "BUILT_WORKERS";

const workerNames = z.enum(WORKER_NAMES);
const builtSchema = z.object({
  /** the wrangler files */
  files: z.record(workerNames, workerFileSchema),
  /** each Worker as one module */
  modules: z.record(workerNames, z.string()),
  /** the module of `in-worker/local-door.ts` */
  door: z.string(),
  migrations: z.array(migrationSchema),
});

type BuiltWorkers = z.output<typeof builtSchema>;

/**
 * Bundles the Workers, reads the migrations, and builds the query Worker's dashboard. @throws Error if one of them
 * fails
 */
export async function buildWorkers(): Promise<BuiltWorkers> {
  const files = await readWorkerFiles();
  const mains = WORKER_NAMES.map((name) => [name, files[name].main] as const);
  const bundle = async ([name, main]: readonly [WorkerName, string]) => [name, await bundleWorker(main)] as const;
  const [door, modules, migrations] = await Promise.all([
    bundleWorker(DOOR),
    Promise.all(mains.map(bundle)),
    readMigrations(),
    buildDashboard(),
  ]);
  return builtSchema.parse({ files, modules: Object.fromEntries(modules), door, migrations });
}

/** The Workers to start: read from the file that {@link BUILT_WORKERS} names, otherwise built. */
export async function builtWorkers(): Promise<BuiltWorkers> {
  return (await builtBefore()) ?? buildWorkers();
}

/** The wrangler files, by Worker. */
export async function workerFiles(): Promise<Readonly<Record<WorkerName, WorkerFile>>> {
  return (await builtBefore())?.files ?? readWorkerFiles();
}

async function readWorkerFiles(): Promise<Readonly<Record<WorkerName, WorkerFile>>> {
  const [etl, backfill, query] = await Promise.all(WORKER_NAMES.map(readWorkerFile));
  return { etl: etl!, backfill: backfill!, query: query! };
}

async function builtBefore(): Promise<BuiltWorkers | null> {
  const file = process.env[BUILT_WORKERS];
  return file === undefined ? null : builtSchema.parse(JSON.parse(await readFile(file, "utf8")));
}
