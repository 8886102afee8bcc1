import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_getMiniflareWorkerOptions as miniflareOptions } from "wrangler";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const compatibilitySchema = z.object({ compatibilityDate: z.string(), compatibilityFlags: z.array(z.string()) });

/** The compatibility date and flags that a Worker is deployed with, as Miniflare takes them. */
export function compatibilityOf(worker: string): z.infer<typeof compatibilitySchema> {
  return compatibilitySchema.parse(miniflareOptions(join(ROOT, `wrangler.${worker}.toml`)).workerOptions);
}
