import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Mutation, mutated } from "./mutation.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The replacements of the runtime's own modules. */
const PLATFORM = new Map([
  [
    "cloudflare:workers",
    "export class WorkflowEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }",
  ],
  ["cloudflare:workflows", 'export class NonRetryableError extends Error { name = "NonRetryableError"; }'],
]);

/**
 * Makes the Workers' code loadable here, with a planted fault if one is given. Call this before any of it is loaded.
 */
export function installHooks(mutation: Mutation | null): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      PLATFORM.has(specifier) ? { url: specifier, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const platform = PLATFORM.get(url);
      if (platform !== undefined) return { format: "module", source: platform, shortCircuit: true };
      if (mutation === null || url !== pathToFileURL(join(ROOT, mutation.file)).href) return next(url, context);
      const source = mutated(mutation, readFileSync(join(ROOT, mutation.file), "utf8"));
      return { format: "module", source: stripTypeScriptTypes(source), shortCircuit: true };
    },
  });
}
