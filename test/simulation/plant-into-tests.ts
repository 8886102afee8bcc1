import { join } from "node:path";
import type { Plugin } from "vitest/config";
import { mutated, mutationNamed } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";

/** Names the fault that the tests' code is given; absent: none. */
export const PLANTED_FAULT = "PLANTED_FAULT";

/**
 * Plants a fault into the code that tests load.
 * @param root the repository
 * @throws {Error} for a name that no planted fault has
 */
export function plantIntoTests(root: string, name: string): Plugin {
  const mutation = mutationNamed(MUTATIONS, name);
  const file = join(root, mutation.file);
  return {
    name: "plant-into-tests",
    // a module is cached by its text, so that another fault's code, or the right one, would be found there
    config: () => ({ test: { fsModuleCache: false } }),
    // before the types are stripped: the fault names the source's text
    enforce: "pre",
    transform: (code, id) => (id.split("?")[0] === file ? mutated(mutation, code) : null),
  };
}
