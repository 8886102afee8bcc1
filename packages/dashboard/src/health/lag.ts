import type { SiteStatus } from "./health-api.ts";

/** Three missed syncs: the cron runs every five minutes. */
const BEHIND_MS = 15 * 60_000;

/** How far a site is behind, ms; null: never synced. @param now epoch ms, of the clock of `status.now` */
export function lagOf(site: Pick<SiteStatus, "watermark">, now: number): number | null {
  return site.watermark === null ? null : Math.max(0, now - Date.parse(site.watermark));
}

/** Whether a site is further behind than its sync interval explains. @param lag ms */
export function isBehind(lag: number): boolean {
  return lag > BEHIND_MS;
}
