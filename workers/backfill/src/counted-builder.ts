import type { DayBuilder } from "@building-vitals/core/backfill/day-builder";
import { type CountedJob, storeCounts } from "@building-vitals/core/d1/site-counters";
import type { Tally } from "@building-vitals/core/domain/counts";
import { logError } from "@building-vitals/core/telemetry/log";

/**
 * A builder that adds the counts of each hour's fetch, successful or not, to the site's counters. Counters that cannot
 * be written are logged and lost.
 * @param tally gets the counts of the builder's client and database
 * @param counters database, job and site of the counters; `siteId` is the id in that database
 */
export function countedBuilder(
  builder: DayBuilder,
  tally: Tally,
  { db, job, siteId }: { readonly db: D1Database; readonly job: CountedJob; readonly siteId: number },
): DayBuilder {
  return {
    ...builder,
    fetchHour: async (build, hour) => {
      tally.add("runs");
      try {
        const fetched = await builder.fetchHour(build, hour);
        tally.add("samples:fetched", fetched.samples);
        tally.addAll("rejected", fetched.rejected);
        return fetched;
      } catch (error) {
        tally.add("failures:timeseries");
        throw error;
      } finally {
        try {
          await storeCounts(db, job, crypto.randomUUID(), siteId, tally.take());
        } catch (error) {
          logError("counters_lost", error, { site: build.site.name, job });
        }
      }
    },
  };
}
