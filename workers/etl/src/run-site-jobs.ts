import { log, logError } from "@building-vitals/core/telemetry/log";
import type { StoredSite } from "./sites.ts";

/** A job of one site. */
export interface SiteJob<T> {
  /** its failure is logged as `NAME_failed` */
  readonly name: string;
  readonly run: (site: StoredSite) => Promise<T>;
}

/** The result of a job of one site, or the error that it threw. */
export type SiteJobOutcome<T> = { readonly job: string; readonly site: string } & (
  | { readonly result: T }
  | { readonly error: unknown }
);

/**
 * Runs the jobs of one site after another. A failed job stops neither the next job nor the next site. No site begins at
 * or after the deadline. Then `NAME_left`, with the name of the first job, logs the number of remaining sites.
 * @param deadline epoch ms
 */
export async function runSiteJobs<T>(
  sites: readonly StoredSite[],
  jobs: readonly [SiteJob<T>, ...SiteJob<T>[]],
  deadline: number,
  now: () => number = Date.now,
): Promise<SiteJobOutcome<T>[]> {
  const outcomes: SiteJobOutcome<T>[] = [];
  for (const [i, site] of sites.entries()) {
    if (now() >= deadline) {
      log(`${jobs[0].name}_left`, { sites: sites.length - i });
      break;
    }
    for (const { name: job, run } of jobs) {
      try {
        outcomes.push({ job, site: site.name, result: await run(site) });
      } catch (error) {
        logError(`${job}_failed`, error, { site: site.name });
        outcomes.push({ job, site: site.name, error });
      }
    }
  }
  return outcomes;
}
