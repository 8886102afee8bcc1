import { join } from "node:path";
import type { Plugin } from "vitest/config";
import { mutated, mutationNamed } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";

/** Name of the fault for the tests' code; absent: no fault. */
export const PLANTED_FAULT = "PLANTED_FAULT";

/**
 * Plants a fault into the code that tests load.
 * @param root the repository
 * @throws {Error} for an unknown name
 */
export function plantIntoTests(root: string, name: string): Plugin {
  const mutation = mutationNamed(MUTATIONS, name);
  const file = join(root, mutation.file);
  return {
    name: "plant-into-tests",
    // A module's cache key is its text, so a cache could return another fault's code or the right one.
    config: () => ({ test: { fsModuleCache: false } }),
    // Before the types are stripped, because a fault names the source's text.
    enforce: "pre",
    transform: (code, id) => (id.split("?")[0] === file ? mutated(mutation, code) : null),
  };
}
