import * as z from "zod/mini";
import { ask } from "./ask.ts";

const siteSchema = z.object({ name: z.string(), timezone: z.string(), data_until: z.nullable(z.string()) });
export type Site = z.infer<typeof siteSchema>;

export async function fetchSites(signal: AbortSignal): Promise<Site[]> {
  return (await ask("/sites", z.object({ sites: z.array(siteSchema) }), { signal })).sites;
}
