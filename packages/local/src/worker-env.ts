import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { Problem } from "@building-vitals/core/domain/problem";
import type { WorkerName } from "./worker-names.ts";

/** The part of a Worker's module that parses its environment. */
export const envModuleSchema = z.object({
  settingsOf: z.custom<(env: Readonly<Record<string, unknown>>) => unknown>((value) => typeof value === "function"),
});

/**
 * Parses an environment with a Worker's own schema.
 * @param root the repository's folder
 * @returns each invalid setting and its valid values, separated by `; `; null: all are valid
 */
export async function settingsFault(
  root: string,
  worker: WorkerName,
  env: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  // not a literal: a Worker's types are the platform's, which this package lacks
  const module: unknown = await import(pathToFileURL(join(root, `workers/${worker}/src/env.ts`)).href);
  try {
    envModuleSchema.parse(module).settingsOf(env);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
