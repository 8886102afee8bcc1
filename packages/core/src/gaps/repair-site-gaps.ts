import { rollUpHours } from "../day-build/roll-up-hours.ts";
import { coldLevel } from "../read/cold-level.ts";
import { type Detection, detectGaps } from "./detect-gaps.ts";
import { type Repair, type RepairContext, repairGaps } from "./repair-gaps.ts";

export interface SiteRepairContext extends Omit<RepairContext, "ask"> {
  /** which gaps the API is asked for; `none`: it is not asked */
  readonly ask: RepairContext["ask"] | "none";
  /** how long every sync asks again for, milliseconds: what is younger is not looked at */
  readonly lookbackMs: number;
}

/** What finding and repairing the gaps of a site came to. */
export interface RepairedSite {
  readonly site: string;
  /** the look before the upstream was asked, and the one after samples came */
  readonly detected: readonly Detection[];
  /** null: the upstream was not asked: the site is paused or was never synced */
  readonly repair: Repair | null;
}

/**
 * Finds the gaps of a site and asks the upstream for those that are due. Samples that come for a closed day make it due to be settled.
 * What is stopped anywhere goes on in the next run. Safe to repeat, and to run beside anything.
 * @param watermark of the site's sync, epoch ms; null: it has none
 * @throws the errors of D1, after retries, and of R2
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
