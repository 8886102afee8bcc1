import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import { readScannedSites } from "./gap-sites.ts";
import { currentGapsStatement, parseGaps } from "./gap-store.ts";
import { subtractRanges } from "./range-set.ts";
import { writeChanges } from "./write-gaps.ts";

/** Attempts before giving up. Another detection that writes meanwhile costs one. */
const TRIES = 5;

/**
 * Removes a range from the site's open and confirmed-empty gaps, so that the API is not asked for it. Parts outside the
 * range stay.
 * @param isMeant selects gaps; default: all
 * @throws Error if another detection wrote first in each attempt
 */
export async function forgetGaps(
  db: D1Database,
  siteId: number,
  range: TimeRange,
  now: number,
  isMeant: (gap: Gap) => boolean = () => true,
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const site = (await readScannedSites(db, [siteId])).get(siteId);
    // The site was never scanned, so it has no gaps.
    if (site === undefined) return;
    const { results } = await withD1Retry(() => currentGapsStatement(db, siteId, range).all());
    const removed = parseGaps(results).filter((gap) => gap.start < range.end && gap.end > range.start && isMeant(gap));
    if (removed.length === 0) return;
    const written = removed.flatMap((gap) => subtractRanges([gap], [range]).map((piece) => ({ ...gap, ...piece })));
    if ((await writeChanges(db, siteId, site.token, { removed, written }, null, now)) !== null) return;
  }
  throw new Error(`forgetting gaps of site ${siteId}: other writers changed them in each of ${TRIES} attempts`);
}
