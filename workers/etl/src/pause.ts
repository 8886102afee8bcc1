import { type Pause, pausedBy } from "@building-vitals/core/domain/pause";
import { Problem } from "@building-vitals/core/domain/problem";
import { z } from "zod";
import type { Settings } from "./env.ts";
import { type StoredSite, storedSites } from "./sites.ts";

/** A pause in answers without a token. */
export const pauseSchema = z.strictObject({
  since: z.iso.datetime().nullable().meta({ description: "null: the SITES setting pauses the site; it has no time" }),
  by: z.string().meta({ description: "a token's name, `Cloudflare Access` or `the SITES setting`" }),
  reason: z.string().nullable(),
});

/** Answer of the routes that pause or resume a site. */
export const pausedSiteSchema = z.strictObject({
  site: z.string(),
  paused: pauseSchema.nullable().meta({ description: "null: its sync is not paused" }),
});

export function shownPause(pause: Pause | null): z.infer<typeof pauseSchema> | null {
  if (pause === null) return null;
  const since = pause.since === null ? null : new Date(pause.since).toISOString();
  return { since, by: pausedBy(pause), reason: pause.reason };
}

/** Reads the site of this name, and creates its row if it is new. @throws {Problem} `unknown_site` */
export async function storedSite(settings: Settings, name: string): Promise<StoredSite> {
  const [site] = await storedSites(settings, name);
  if (site === undefined) throw new Error("the database returned no row for a configured site");
  return site;
}

/**
 * Refuses a manual request to the API for a paused site.
 * @param name undefined: all sites, which skips paused ones without a refusal
 * @throws {Problem} `site_paused`, with a suggestion; `unknown_site`
 */
export async function refusePaused(settings: Settings, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { pause } = await storedSite(settings, name);
  if (pause !== null) throw new Problem("site_paused", pauseDetail(name, pause), "site");
}

/** Since when, by whom, and how to end the pause. */
export function pauseDetail(name: string, pause: Pause): string {
  const since = pause.since === null ? "" : ` since ${new Date(pause.since).toISOString()}`;
  const suggestion =
    pause.by === null
      ? "remove `paused` from the site in SITES"
      : `resume it by POST /sites/${encodeURIComponent(name)}/resume`;
  return `${JSON.stringify(name)} is paused${since} by ${pausedBy(pause)}; ${suggestion}.`;
}
