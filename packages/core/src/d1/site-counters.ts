import { z } from "zod";
import type { Counts, Tally } from "../domain/counts.ts";
import { interceptedDatabase } from "./intercepted-database.ts";
import { withD1Retry } from "./retry.ts";

/** Jobs that call the upstream for a site. `lists`: the hourly refresh of the point list. */
export type CountedJob = "sync" | "lists" | "points" | "gaps" | "import" | "backfill" | "settle";

/** Counts of one run of a job for a site. */
export interface RunCounts {
  readonly siteId: number;
  readonly counts: Counts;
}

/**
 * Adds to the stored counts exactly once: a repeated statement finds its own run. ?1 JSON array of {siteId, counts}, ?2
 * job, ?3 run.
 */
const ADD = `
INSERT INTO site_counters (site_id, job, counts, last_run)
SELECT value ->> 'siteId', ?2, value -> 'counts', ?3 FROM json_each(?1) WHERE true
ON CONFLICT (site_id, job) DO UPDATE SET last_run = ?3, counts = (
  SELECT json_group_object(name, total) FROM (
    SELECT name, sum(count) AS total FROM (
      SELECT key AS name, value AS count FROM json_each(site_counters.counts)
      UNION ALL SELECT key, value FROM json_each(excluded.counts)
    ) GROUP BY name ORDER BY name
  )
) WHERE last_run <> ?3`;

/** @param run unique among the runs of this job */
export function addCounts(
  db: D1Database,
  job: CountedJob,
  run: string,
  rows: readonly RunCounts[],
): D1PreparedStatement {
  return db.prepare(ADD).bind(JSON.stringify(rows), job, run);
}

/** Adds the counts of a run for one site. @throws the error of D1, after retries */
export async function storeCounts(
  db: D1Database,
  job: CountedJob,
  run: string,
  siteId: number,
  counts: Counts,
): Promise<void> {
  if (Object.keys(counts).length === 0) return;
  await withD1Retry(() => addCounts(db, job, run, [{ siteId, counts }]).run());
}

/** Counts of a site's jobs since the database was created. */
export interface SiteCounts {
  readonly site: string;
  readonly job: string;
  readonly counts: Counts;
}

/** Parsed by hand: a record of zod drops the key `__proto__`. */
function isCounts(value: unknown): value is Counts {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((count) => typeof count === "number")
  );
}

const rowsSchema = z.array(
  z.object({
    site: z.string(),
    job: z.string(),
    counts: z
      .string()
      .transform((text): unknown => JSON.parse(text))
      .pipe(z.custom<Counts>(isCounts, "counts: expected an object of numbers")),
  }),
);

/** Counts of these sites, by site and job. */
export async function readCounts(
  db: D1Database,
  sites: readonly string[],
  jobs: readonly CountedJob[],
): Promise<SiteCounts[]> {
  const statement = db
    .prepare(
      `SELECT s.name AS site, c.job, c.counts FROM site_counters c JOIN sites s ON s.id = c.site_id
       WHERE s.name IN (SELECT value FROM json_each(?1)) AND c.job IN (SELECT value FROM json_each(?2))
       ORDER BY s.name, c.job`,
    )
    .bind(JSON.stringify(sites), JSON.stringify(jobs));
  const { results } = await withD1Retry(() => statement.all());
  return rowsSchema.parse(results);
}

/** A database whose statements are counted as `d1_statements`. */
export function countedDatabase(db: D1Database, tally: Pick<Tally, "add">): D1Database {
  return interceptedDatabase(db, (execute, statements) => {
    tally.add("d1_statements", statements);
    return execute();
  });
}
