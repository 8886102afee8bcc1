import { findSiteId } from "@building-vitals/core/catalog/point-list";
import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { Problem } from "@building-vitals/core/domain/problem";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import type { Settings } from "./env.ts";

/** A site of this deployment. Before the site's first sync, `id` is null and the site has no points. */
export interface QueriedSite extends SiteConfig {
  readonly db: D1Database;
  readonly id: number | null;
}

/** @throws {Problem} `unknown_site` */
export function configuredSite(settings: Settings, name: string, field: string): SiteConfig {
  const config = settings.SITES.find((site) => site.name === name);
  if (config !== undefined) return config;
  throw new Problem("unknown_site", `There is no site ${JSON.stringify(name)}; GET /sites lists the sites.`, field);
}

/** @throws {Problem} `unknown_site` */
export async function siteOf(settings: Settings, name: string, field: string): Promise<QueriedSite> {
  const config = configuredSite(settings, name, field);
  const db = databaseOf(settings, config);
  return { ...config, db, id: await findSiteId(db, name) };
}
