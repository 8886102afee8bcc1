import type { AceClient } from "@building-vitals/core/ace/client";
import { type CountedJob, countedDatabase, storeCounts } from "@building-vitals/core/d1/site-counters";
import { Tally } from "@building-vitals/core/domain/counts";
import { logError } from "@building-vitals/core/telemetry/log";
import type { Settings } from "./env.ts";
import type { StoredSite } from "./sites.ts";
import { aceClientOf } from "./sync.ts";

/** The database and client of a job. Both count their operations in the tally. */
interface CountedWork {
  readonly db: D1Database;
  readonly ace: AceClient;
  readonly tally: Tally;
}

/**
 * Runs a job of a site, and adds its counts to the site's counters, even if the job fails. If the counters cannot be
 * written, the counts are logged and lost.
 * @throws the error of the job
 */
export async function countJob<T>(
  settings: Settings,
  job: CountedJob,
  { db, id, name }: StoredSite,
  run: (work: CountedWork) => Promise<T>,
): Promise<T> {
  const tally = new Tally();
  tally.add("runs");
  try {
    return await run({ db: countedDatabase(db, tally), ace: aceClientOf(settings, tally), tally });
  } catch (error) {
    tally.add("failures:internal");
    throw error;
  } finally {
    try {
      await storeCounts(db, job, crypto.randomUUID(), id, tally.take());
    } catch (error) {
      logError("counters_lost", error, { site: name, job });
    }
  }
}
