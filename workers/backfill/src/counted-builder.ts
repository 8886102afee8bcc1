import type { DayBuilder } from "@building-vitals/core/backfill/day-builder";
import { type CountedJob, storeCounts } from "@building-vitals/core/d1/site-counters";
import type { Tally } from "@building-vitals/core/domain/counts";
import { logError } from "@building-vitals/core/telemetry/log";

/**
 * A builder that adds what each hour's fetch counted to the site's counters, however it ended. Counters that cannot be
 * written are logged and lost.
 * @param tally takes what the builder's client and database do
 * @param counters the database that has the site's counters of the job, and the site's id there
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
