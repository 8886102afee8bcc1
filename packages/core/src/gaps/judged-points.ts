import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { dayStart } from "../domain/day.ts";
import { type Expectation, expectationOf } from "../domain/expectation.ts";
import { HOUR_MS } from "../domain/hour.ts";

const HOURS_A_DAY = 24;

/** Points that may be silent for longer are not judged: a scan covers a day and what is beside it. */
const LONGEST_MS = 12 * HOUR_MS;

/** A configured point that has a cadence to be judged by. */
export interface JudgedPoint extends Expectation {
  readonly id: number;
  readonly name: string;
  /** time of its first sample, epoch ms */
  readonly firstSeen: number;
  /** samples of the hours from the first on; 0 also where nothing is summed up */
  readonly counts: readonly number[];
}

export interface JudgedPoints {
  /** start of the first hour of the counts, epoch ms */
  readonly from: number;
  readonly points: readonly JudgedPoint[];
  /** configured points with samples that are not judged */
  readonly unjudged: number;
}

/**
 * Of the site's configured points that have samples. ?1: site, ?2 and ?3: days, both included. The counts are 24 numbers
 * a day, NULL where there is no row.
 */
const READ = `
SELECT p.id, p.name, p.interval_s, p.interval_source, p.first_seen, d.point_day - (p.id << 16) AS day,
  (SELECT group_concat(CASE h.type WHEN 'array' THEN h.value ->> 0 ELSE 0 END) FROM json_each(d.hours) h) AS counts
FROM points p
LEFT JOIN point_days d ON d.point_day >= (p.id << 16) + ?2 AND d.point_day <= (p.id << 16) + ?3
WHERE p.site_id = ?1 AND p.configured = 1 AND p.source = 'catalog' AND p.first_seen IS NOT NULL
ORDER BY p.id`;

const rowsSchema = z.array(
  z.object({
    id: z.int(),
    name: z.string(),
    interval_s: z.int().nullable(),
    interval_source: z.enum(["configured", "measured"]).nullable(),
    first_seen: z.int(),
    day: z.int().nullable(),
    counts: z.string().nullable(),
  }),
);

/**
 * A site's points, with the samples of each hour of some days and the longest silence that is no gap.
 * @throws {z.ZodError} for rows that are not what we write; the error of D1, after retries
 */
export async function readJudgedPoints(
  db: D1Database,
  siteId: number,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<JudgedPoints> {
  const { results } = await withD1Retry(() => db.prepare(READ).bind(siteId, first, last).all());
  const from = dayStart(first);
  const hours = (last - first + 1) * HOURS_A_DAY;
  const byPoint = [...Map.groupBy(rowsSchema.parse(results), ({ id }) => id).values()].map((rows) => {
    const counts = Array.from({ length: hours }, () => 0);
    for (const { day, counts: text } of rows) {
      if (day === null || text === null) continue;
      text.split(",").forEach((n, hour) => {
        counts[(day - first) * HOURS_A_DAY + hour] = Number(n);
      });
    }
    return { row: rows[0]!, counts };
  });
  const points = byPoint.flatMap(({ row, counts }): JudgedPoint[] => {
    const { id, name, interval_s: intervalS, interval_source: intervalSource, first_seen: firstSeen } = row;
    const expectation = expectationOf({ intervalS, intervalSource });
    if (expectation === null || expectation.toleranceMs > LONGEST_MS) return [];
    return [{ id, name, firstSeen, ...expectation, counts }];
  });
  return { from, points, unjudged: byPoint.length - points.length };
}
