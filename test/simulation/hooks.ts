import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Mutation, mutated } from "./mutation.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What the runtime's own modules are in a simulation. */
const PLATFORM = new Map([
  [
    "cloudflare:workers",
    "export class WorkflowEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }",
  ],
  ["cloudflare:workflows", 'export class NonRetryableError extends Error { name = "NonRetryableError"; }'],
]);

/** Lets the Workers' code be loaded here, with a planted fault if there is one. To be called before any of it is. */
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
