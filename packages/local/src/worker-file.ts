import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcelessWorkerOptions } from "wrangler";
import { z } from "zod";
import type { WorkerName } from "./worker-names.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const named = z.record(z.string(), z.unknown()).default({});

/** A Worker by its wrangler file, for a local run. */
export const workerFileSchema = z.object({
  /** all options, for Miniflare */
  workerOptions: z.custom<SourcelessWorkerOptions>((value) => typeof value === "object" && value !== null),
  /** path of the main module */
  main: z.string(),
  /** the options that are read here */
  declared: z.object({
    bindings: z.record(z.string(), z.json()).default({}),
    cronTriggers: z.array(z.string()).default([]),
    d1Databases: z.record(z.string(), z.object({ id: z.string() })),
    kvNamespaces: named,
    r2Buckets: named,
    workflows: named,
  }),
});
export type WorkerFile = z.output<typeof workerFileSchema>;

/** @throws Error if the wrangler file names no main module */
export async function readWorkerFile(name: WorkerName): Promise<WorkerFile> {
  // Imported here, because it takes 1.7 s of CPU.
  const { unstable_getMiniflareWorkerOptions: miniflareOptions } = await import("wrangler");
  const { workerOptions, main } = miniflareOptions(join(ROOT, `wrangler.${name}.toml`));
  if (main === undefined) throw new Error(`wrangler.${name}.toml names no main module`);
  return workerFileSchema.parse({ workerOptions, main, declared: workerOptions });
}
