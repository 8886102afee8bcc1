import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { buildDashboard } from "./dashboard-build.ts";
import { bundleWorker } from "./worker-bundle.ts";
import { WORKER_NAMES } from "./worker-names.ts";
import { readWorkerFile } from "./worker-settings.ts";

const DOOR = fileURLToPath(new URL("./in-worker/local-door.ts", import.meta.url));

/** The variable that names a JSON file of {@link BuiltWorkers}. Tests set it: they start the same Workers 30 times. */
export const BUILT_WORKERS = "BUILT_WORKERS";

const builtSchema = z.object({ etl: z.string(), backfill: z.string(), query: z.string(), door: z.string() });

/** Each Worker as one module, and `in-worker/local-door.ts` as another. */
type BuiltWorkers = z.output<typeof builtSchema>;

/** Bundles the Workers, and builds the dashboard that the query Worker serves. @throws Error where that fails */
export async function buildWorkers(): Promise<BuiltWorkers> {
  const mains = WORKER_NAMES.map((name) => [name, readWorkerFile(name).main] as const);
  const bundle = async ([name, main]: readonly [string, string]) => [name, await bundleWorker(main)] as const;
  const [bundles] = await Promise.all([Promise.all([...mains, ["door", DOOR] as const].map(bundle)), buildDashboard()]);
  return builtSchema.parse(Object.fromEntries(bundles));
}

/** The Workers that a start runs: built anew, unless {@link BUILT_WORKERS} names a file of them. */
export async function builtWorkers(): Promise<BuiltWorkers> {
  const file = process.env[BUILT_WORKERS];
  return file === undefined ? buildWorkers() : builtSchema.parse(JSON.parse(await readFile(file, "utf8")));
}
