import { fileURLToPath } from "node:url";
import { z } from "zod";
import { workerFiles } from "./built-workers.ts";
import { WORKER_SECRETS } from "./deploy/worker-secrets.ts";
import { parseJson } from "./parse-json.ts";
import { settingsFault } from "./worker-env.ts";
import { WORKER_NAMES, type WorkerName } from "./worker-names.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const sitesSchema = z.array(z.object({ database: z.string().optional() }));

/** The databases besides DB that SITES names; an invalid SITES is left to the Workers' schemas. */
export function databasesNamed(sites: string | undefined): string[] {
  const sitesNamed = sitesSchema.safeParse(sites === undefined ? [] : parseJson(sites)).data ?? [];
  return [...new Set(sitesNamed.flatMap(({ database = "" }) => (/^DB_\d+$/.test(database) ? database : [])))].sort();
}

/**
 * The variables and secrets of a Worker in a local run.
 * @param declared variables of its wrangler file
 * @param settings of the local run; a Worker gets only those that it knows
 */
export function variablesOf(
  name: WorkerName,
  declared: Readonly<Record<string, z.core.util.JSONType>>,
  settings: Readonly<Record<string, string>>,
): Record<string, z.core.util.JSONType> {
  const { required, optional } = WORKER_SECRETS[name];
  const known = new Set([...Object.keys(declared), ...required, ...optional]);
  const given = Object.entries(settings).filter(([setting]) => known.has(setting));
  return { ...declared, ...Object.fromEntries(given), LOCAL_RUN: "1" };
}

/**
 * Checks the settings of a local run with every Worker's own schema, before anything starts.
 * @throws Error that names each invalid setting and its valid values
 */
export async function checkWorkerSettings(settings: Readonly<Record<string, string>>): Promise<void> {
  const faults = new Set<string>();
  const files = await workerFiles();
  for (const name of WORKER_NAMES) {
    const { declared } = files[name];
    const { d1Databases, kvNamespaces, r2Buckets, workflows } = declared;
    const bound = { ...d1Databases, ...kvNamespaces, ...r2Buckets, ...workflows };
    const bindings = [...Object.keys(bound), ...databasesNamed(settings["SITES"])].map((binding) => [binding, {}]);
    const env = { ...Object.fromEntries(bindings), ...variablesOf(name, declared.bindings, settings) };
    const fault = await settingsFault(ROOT, name, env);
    for (const part of fault?.split("; ") ?? []) faults.add(part);
  }
  if (faults.size > 0) throw new Error(`The settings are not valid. ${[...faults].join("; ")}`);
}
