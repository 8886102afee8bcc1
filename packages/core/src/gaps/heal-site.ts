import { z } from "zod";
import { type ArchivedDay, archiveDay } from "../cold/archive-day.ts";
import { foldHours } from "../cold/fold-hours.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { coldLevel } from "../query/cold-level.ts";
import { type Detection, detectGaps } from "./detect-gaps.ts";
import { type Repair, type RepairContext, repairGaps } from "./repair-gaps.ts";

export interface HealContext extends Omit<RepairContext, "ask"> {
  /** which gaps the API is asked for; `none`: it is not asked */
  readonly ask: RepairContext["ask"] | "none";
  readonly bucket: R2Bucket;
  /** how long every sync asks again for, milliseconds: what is younger is not looked at */
  readonly lookbackMs: number;
  /** a name that no build has had */
  readonly newBuild: () => string;
}

/** What finding and repairing the gaps of a site came to. */
export interface HealedSite {
  readonly site: string;
  /** the look before the upstream was asked, and the one after samples came */
  readonly detected: readonly Detection[];
  /** null: the upstream was not asked: the site is paused or was never synced */
  readonly repair: Repair | null;
  /** cold days that were built anew, for samples of theirs came */
  readonly archived: readonly ArchivedDay[];
}

/** How long after a gap was repaired its day may still wait to be built anew. */
const REBUILT_WITHIN_MS = 2 * DAY_MS;

/**
 * Days that have a file, or were proved to be empty, and hot samples where a gap is or was. ?1: site, ?2: gaps that were
 * over before this say nothing.
 */
const DAYS_TO_REBUILD = `
SELECT DISTINCT f.day FROM gaps g
CROSS JOIN hot_hours h ON h.site_id = ?1 AND h.hour > g.start - 3600000 AND h.hour < coalesce(g.end, h.hour + 1)
CROSS JOIN day_files f ON f.site_id = ?1 AND f.day = h.hour / 86400000
WHERE g.site_id = ?1 AND (g.state = 'open' OR g.resolved_at >= ?2) AND f.state IN ('written', 'empty-confirmed')
ORDER BY f.day`;

const daysSchema = z.array(z.object({ day: z.int() }));

/**
 * Finds the gaps of a site, asks the upstream for those that are due, and builds the cold days anew of which samples came.
 * What is stopped anywhere goes on in the next run. Safe to repeat, and to run beside anything.
 * @param watermark of the site's sync, epoch ms; null: it has none
 * @throws the errors of D1, after retries, and of R2
 */
export async function healSite(
  context: HealContext,
  site: { readonly id: number; readonly name: string },
  watermark: number | null,
): Promise<HealedSite> {
  const { db, bucket, now, lookbackMs, newBuild, ask } = context;
  const until = watermark === null ? null : watermark - lookbackMs;
  const detect = () => detectGaps(coldLevel(db, bucket, site.id), until, now);
  const detected = [await detect()];
  const repair = until === null || ask === "none" ? null : await repairGaps({ ...context, ask }, site, until);
  const rebuild = db.prepare(DAYS_TO_REBUILD).bind(site.id, now() - REBUILT_WITHIN_MS);
  const days = daysSchema.parse((await withD1Retry(() => rebuild.all())).results);
  const archived: ArchivedDay[] = [];
  for (const { day } of days) {
    if (now() >= context.deadline) break;
    archived.push(await archiveDay({ db, bucket, now }, { build: newBuild(), site, day }));
  }
  const came = repair === null ? 0 : repair.inserted + repair.changed + repair.unchanged + repair.filled;
  if (came > 0 || archived.length > 0) {
    await foldHours(db, site.id, lookbackMs, now);
    detected.push(await detect());
  }
  return { site: site.name, detected, repair, archived };
}
