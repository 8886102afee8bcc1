import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutations.ts";

const ROOT = new URL("../../", import.meta.url);

/** What the runtime's own modules are in a simulation. */
const PLATFORM = new Map([
  [
    "cloudflare:workers",
    "export class WorkflowEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }",
  ],
  ["cloudflare:workflows", `export { NonRetryableError } from ${JSON.stringify(new URL("engine.ts", import.meta.url).href)};`],
]);

/** Lets the Workers' code be loaded here, with a planted fault if there is one. To be called before any of it is. */
export function installHooks(mutation: Mutation | null): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      PLATFORM.has(specifier) ? { url: specifier, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const platform = PLATFORM.get(url);
      if (platform !== undefined) return { format: "module", source: platform, shortCircuit: true };
      if (mutation === null || url !== new URL(mutation.file, ROOT).href) return next(url, context);
      const source = mutated(mutation, readFileSync(fileURLToPath(url), "utf8"));
      return { format: "module", source: stripTypeScriptTypes(source), shortCircuit: true };
    },
  });
}

/** @throws {Error} where the text to be replaced is not there exactly once */
export function mutated({ name, find, replace }: Mutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${name}: its text is there ${parts.length - 1} times`);
  return parts.join(replace);
}
