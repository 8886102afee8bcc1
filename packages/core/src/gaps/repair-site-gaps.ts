import { rollUpHours } from "../day-build/roll-up-hours.ts";
import { coldLevel } from "../read/cold-level.ts";
import { type Detection, detectGaps } from "./detect-gaps.ts";
import { type Repair, type RepairContext, repairGaps } from "./repair-gaps.ts";

export interface SiteRepairContext extends Omit<RepairContext, "ask"> {
  /** gaps to ask the API for; `none`: no request */
  readonly ask: RepairContext["ask"] | "none";
  /** lookback of each sync, milliseconds: newer data is not scanned */
  readonly lookbackMs: number;
}

/** Result of finding and repairing the gaps of a site. */
export interface RepairedSite {
  readonly site: string;
  /** the detection before the repair, and the one after samples arrived */
  readonly detected: readonly Detection[];
  /** null: the site is paused or was never synced */
  readonly repair: Repair | null;
}

/**
 * Finds the gaps of a site and asks the upstream for due ones.
 * - Samples in a closed day make the day due to be settled.
 * - An interrupted run continues in the next one. Safe to repeat, and to run beside other jobs.
 * @param watermark of the site's sync, epoch ms; null: none
 * @throws the errors of D1 and R2, after retries
 */
export async function repairSiteGaps(
  context: SiteRepairContext,
  site: { readonly id: number; readonly name: string },
  watermark: number | null,
): Promise<RepairedSite> {
  const { db, bucket, now, lookbackMs, ask } = context;
  const until = watermark === null ? null : watermark - lookbackMs;
  const detect = () => detectGaps(coldLevel(db, bucket, site.id), until, now);
  const detected = [await detect()];
  const repair = until === null || ask === "none" ? null : await repairGaps({ ...context, ask }, site, until);
  const came = repair === null ? 0 : repair.inserted + repair.changed + repair.unchanged + repair.filled;
  if (came > 0) {
    await rollUpHours(db, site.id, lookbackMs, now);
    detected.push(await detect());
  }
  return { site: site.name, detected, repair };
}
