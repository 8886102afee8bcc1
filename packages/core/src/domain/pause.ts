import type { Identity } from "./identity.ts";

/** A pause of a site's sync: nothing is asked of the upstream for the site, except by the backfill. */
export interface Pause {
  /** epoch ms; null: the SITES setting pauses it, which has no time */
  readonly since: number | null;
  /** null: the SITES setting */
  readonly by: Identity | null;
  readonly reason: string | null;
}

/** Who paused a site, in words that all may read: of Cloudflare Access no name. */
export function pausedBy({ by }: Pause): string {
  if (by === null) return "the SITES setting";
  return by.kind === "access" ? "Cloudflare Access" : by.name;
}
