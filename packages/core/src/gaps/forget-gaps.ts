import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";
import type { Gap } from "./gap.ts";
import { readScannedSites } from "./gap-sites.ts";
import { currentGapsStatement, parseGaps } from "./gap-store.ts";
import { subtractRanges } from "./range-set.ts";
import { writeChanges } from "./write-gaps.ts";

/** Detections that write meanwhile are met once or twice. */
const TRIES = 5;

/**
 * Forgets what open and empty gaps say of a range, so that nobody asks the API for it: their parts outside of the range stay.
 * @param isMeant which gaps; default all of the site
 * @throws Error where detections were faster each time
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
    // never scanned, so it has no gaps
    if (site === undefined) return;
    const { results } = await withD1Retry(() => currentGapsStatement(db, siteId, range).all());
    const removed = parseGaps(results).filter((gap) => gap.start < range.end && gap.end > range.start && isMeant(gap));
    if (removed.length === 0) return;
    const written = removed.flatMap((gap) => subtractRanges([gap], [range]).map((piece) => ({ ...gap, ...piece })));
    if ((await writeChanges(db, siteId, site.token, { removed, written }, null, now)) !== null) return;
  }
  throw new Error(`the gaps of site ${siteId} changed ${TRIES} times while a part of them was forgotten`);
}
