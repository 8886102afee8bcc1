import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { Problem } from "@building-vitals/core/domain/problem";
import type { WorkerName } from "./worker-names.ts";

/** The module of a Worker that parses its environment. */
export const envModuleSchema = z.object({
  settingsOf: z.custom<(env: Readonly<Record<string, unknown>>) => unknown>((value) => typeof value === "function"),
});

/**
 * Has a Worker's own schema parse an environment.
 * @param root the repository's folder
 * @returns each setting at fault and what it may be, separated by `; `; null: the environment is valid
 */
export async function settingsFault(
  root: string,
  worker: WorkerName,
  env: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  // not a literal: a Worker's types are those of the platform, which this package does not have
  const module: unknown = await import(pathToFileURL(join(root, `workers/${worker}/src/env.ts`)).href);
  try {
    envModuleSchema.parse(module).settingsOf(env);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
