import { type Pause, pausedBy } from "@building-vitals/core/domain/pause";
import { Problem } from "@building-vitals/core/domain/problem";
import { z } from "zod";
import type { Settings } from "./env.ts";
import { type StoredSite, storedSites } from "./sites.ts";

/** A pause as answers show it to everybody. */
export const pauseSchema = z.strictObject({
  since: z.iso.datetime().nullable().meta({ description: "null: the SITES setting pauses it, which has no time" }),
  by: z.string().meta({ description: "a token's name, `Cloudflare Access` or `the SITES setting`" }),
  reason: z.string().nullable(),
});

/** Answer of a route that pauses or resumes a site. */
export const pausedSiteSchema = z.strictObject({
  site: z.string(),
  paused: pauseSchema.nullable().meta({ description: "null: its sync is not paused" }),
});

export function shownPause(pause: Pause | null): z.infer<typeof pauseSchema> | null {
  if (pause === null) return null;
  const since = pause.since === null ? null : new Date(pause.since).toISOString();
  return { since, by: pausedBy(pause), reason: pause.reason };
}

/** The site of this name. @throws {Problem} `unknown_site` */
export async function storedSite(settings: Settings, name: string): Promise<StoredSite> {
  const [site] = await storedSites(settings, name);
  if (site === undefined) throw new Error("a site that was asked for is made");
  return site;
}

/**
 * Refuses a manual request to the upstream for one site that is paused.
 * @param name undefined: all sites; paused ones are then left out
 * @throws {Problem} `site_paused`, with the way out; `unknown_site`
 */
export async function refusePaused(settings: Settings, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { pause } = await storedSite(settings, name);
  if (pause !== null) throw new Problem("site_paused", pauseDetail(name, pause), "site");
}

/** Since when, by whom, and what ends it. */
export function pauseDetail(name: string, pause: Pause): string {
  const since = pause.since === null ? "" : ` since ${new Date(pause.since).toISOString()}`;
  const suggestion =
    pause.by === null
      ? "remove `paused` from the site in SITES"
      : `resume it by POST /sites/${encodeURIComponent(name)}/resume`;
  return `${JSON.stringify(name)} is paused${since} by ${pausedBy(pause)}; ${suggestion}.`;
}
