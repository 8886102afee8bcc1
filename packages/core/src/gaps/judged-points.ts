import { z } from "zod";
import { hourCounts } from "../rollups/hour-counts.ts";
import { parseRows, rowsStatement, withPackedHours } from "../rollups/read-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayStart, HOURS_PER_DAY } from "../domain/day.ts";
import { type Expectation, expectationOf } from "../domain/expectation.ts";
import { HOUR_MS } from "../domain/hour.ts";

/** Points with a longer tolerance are not judged, because a scan covers one day and its neighbours. */
const LONGEST_MS = 12 * HOUR_MS;

/** A configured point with a cadence. */
export interface JudgedPoint extends Expectation {
  readonly id: number;
  readonly name: string;
  /** time of its first sample, epoch ms */
  readonly firstSeen: number;
  /** samples per hour, from the first hour on; 0 also for hours without rollups */
  readonly counts: readonly number[];
}

export interface JudgedPoints {
  /** start of the first hour of the counts, epoch ms */
  readonly from: number;
  readonly points: readonly JudgedPoint[];
  /** configured points with samples that are not judged */
  readonly unjudged: number;
}

/** The site's configured points that have samples. ?1: site. */
const READ_POINTS = `
SELECT id, name, interval_s, interval_source, first_seen FROM points
WHERE site_id = ?1 AND configured = 1 AND source = 'catalog' AND first_seen IS NOT NULL ORDER BY id`;

const rowsSchema = z.array(
  z.object({
    id: z.int(),
    name: z.string(),
    interval_s: z.int().nullable(),
    interval_source: z.enum(["configured", "measured"]).nullable(),
    first_seen: z.int(),
  }),
);

/**
 * Reads a site's judged points, with their sample counts per hour of some days.
 * @throws {z.ZodError} {StoredHoursError} for malformed rows; the error of D1, after retries
 */
export async function readJudgedPoints(
  db: D1Database,
  siteId: number,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<JudgedPoints> {
  const [pointRows, blockRows] = await withD1Retry(() =>
    db.batch([db.prepare(READ_POINTS).bind(siteId), rowsStatement(db, siteId, first, last)]),
  );
  const seen = rowsSchema.parse(pointRows?.results);
  const hours = (last - first + 1) * HOURS_PER_DAY;
  const counts = new Map(seen.map(({ id }) => [id, Array.from({ length: hours }, () => 0)]));
  for (const { pointId, day, counts: dayCounts } of hourCounts(
    await withPackedHours(db, parseRows(blockRows?.results)),
  )) {
    const pointCounts = counts.get(pointId);
    if (pointCounts !== undefined) pointCounts.splice((day - first) * HOURS_PER_DAY, HOURS_PER_DAY, ...dayCounts);
  }
  const points = seen.flatMap((row): JudgedPoint[] => {
    const { id, name, interval_s: intervalS, interval_source: intervalSource, first_seen: firstSeen } = row;
    const expectation = expectationOf({ intervalS, intervalSource });
    if (expectation === null || expectation.toleranceMs > LONGEST_MS) return [];
    return [{ id, name, firstSeen, ...expectation, counts: counts.get(id)! }];
  });
  return { from: dayStart(first), points, unjudged: seen.length - points.length };
}
