import type { JobName, Measured, MonthJobName, QueryName } from "@building-vitals/local/costs/measured";
import { fitTerms, type Terms } from "@building-vitals/local/costs/terms";
import type { SiteMeasurements } from "./measure.ts";

/** Questions about points that are named, for which the size of the site is no matter but for how far they are apart. */
const NAMED: ReadonlySet<QueryName> = new Set<QueryName>(["hotRaw", "coldRaw", "daily"]);

/** What two sites of different sizes took, as terms. */
export function fitSites(
  few: SiteMeasurements,
  many: SiteMeasurements,
): Pick<Measured, "jobs" | "queries" | "months" | "bytes"> {
  const job = (name: JobName): Terms =>
    fitTerms([few, many].map(({ points, jobs }) => ({ points, days: 0, counts: jobs[name] })));
  const monthJob = (name: MonthJobName): Terms => fitTerms([few, many].flatMap(({ months }) => months.jobs[name]));
  const query = (name: QueryName): Terms =>
    fitTerms(NAMED.has(name) ? many.queries[name] : [few, many].flatMap(({ queries }) => queries[name]));
  return {
    jobs: {
      sync: job("sync"),
      lastSeen: job("lastSeen"),
      supervise: job("supervise"),
      hour: job("hour"),
      dayEnd: job("dayEnd"),
      dailyCron: job("dailyCron"),
      settledDay: job("settledDay"),
      settledAgain: job("settledAgain"),
      afterSettling: job("afterSettling"),
      backfilledDay: job("backfilledDay"),
    },
    queries: {
      hotRaw: query("hotRaw"),
      coldRaw: query("coldRaw"),
      daily: query("daily"),
      latest: query("latest"),
      pointSearch: query("pointSearch"),
      coverage: query("coverage"),
      quality: query("quality"),
    },
    months: {
      jobs: { builtMonth: monthJob("builtMonth"), packedMonth: monthJob("packedMonth") },
      // of points that are named
      queries: { coldRaw: fitTerms(many.months.queries.coldRaw), daily: fitTerms(many.months.queries.daily) },
    },
    bytes: many.bytes,
  };
}
