import type { Identity } from "./identity.ts";

/** A pause of a site's sync. During it only the backfill asks the upstream for the site. */
export interface Pause {
  /** epoch ms; null: paused by the SITES setting, which has no time */
  readonly since: number | null;
  /** null: the SITES setting */
  readonly by: Identity | null;
  readonly reason: string | null;
}

/** Who paused a site, as public text: without names of Cloudflare Access users. */
export function pausedBy({ by }: Pause): string {
  if (by === null) return "the SITES setting";
  return by.kind === "access" ? "Cloudflare Access" : by.name;
}
