import { z } from "zod";
import { blockDayKeySql, CHECKED_TABLE, DAY_OF_ROW, pathSql, TABLE } from "../rollups/block-day-key.ts";
import { hexBytes } from "../bytes/hex.ts";
import { StoredHoursError } from "../rollups/hour-aggregates.ts";
import { decodeCounts } from "../rollups/hour-slice.ts";
import { type ManifestDay, manifestStatement, parseManifestDays } from "../manifest/manifest.ts";
import { parseSettleDays, type SettleDay, settleDaysStatement } from "../store/settle-days.ts";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { type Cadence, expectationOf } from "../domain/expectation.ts";

/** The contents of both levels for a UTC day. */
export interface CoveredDay {
  /** whole days since 1970-01-01 UTC */
  readonly day: number;
  /** number of its hours with hot samples, 0 to 24 */
  readonly hotHours: number;
  /** null: never built */
  readonly cold: ManifestDay | null;
  /** null: never scheduled for settling */
  readonly settling: SettleDay | null;
}

/** Number of samples of a point's day. */
export interface PointDayCount {
  readonly pointId: number;
  readonly day: number;
  /** in both levels; null: an hour has no rollup yet, or its aggregates are damaged */
  readonly samples: number | null;
  /** in the day's file; null: no file, or it lacks the point */
  readonly settled: number | null;
}

export interface CoverageDays {
  /** each day of the range, ascending */
  readonly days: readonly CoveredDay[];
  /** requested point-days with any data, by point and then ascending */
  readonly counts: readonly PointDayCount[];
}

/** ?1 site, ?2 and ?3 days [from, to). */
const READ_HOT_DAYS = `
SELECT hour / ${DAY_MS} AS day, count(*) AS hours, sum(rolled_up_version IS NOT version) AS withoutRollups FROM hot_hours
WHERE site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < ?3 * ${DAY_MS} GROUP BY 1`;

/**
 * One range of keys per point. Reads aggregates only of points without a file; for a file `rows` has the count. ?1 JSON
 * array of point ids, ?2 and ?3 days [from, to).
 */
const READ_COUNTS = `
SELECT p.value AS point_id, ${DAY_OF_ROW} AS day, d.places ->> ${pathSql("p.value", "[2]")} AS rows,
  CASE WHEN d.places ->> ${pathSql("p.value", "[2]")} IS NULL THEN
    hex(substr(d.hours, d.places ->> ${pathSql("p.value", "[0]")}, d.places ->> ${pathSql("p.value", "[1]")})) END AS slice
FROM json_each(?1) p
CROSS JOIN ${TABLE} ON d.key >= ${blockDayKeySql("p.value", "?2")} AND d.key < ${blockDayKeySql("p.value", "?3")}
WHERE d.places IS NULL OR d.places ->> ${pathSql("p.value", "[0]")} IS NOT NULL
ORDER BY p.key, day`;
/** A damaged row has an empty slice for each of its points, so their samples are unknown. */
const CHECK_COUNTS = READ_COUNTS.replace(TABLE, CHECKED_TABLE);

const hotDaysSchema = z.array(z.object({ day: z.int(), hours: z.int(), withoutRollups: z.int() }));
const countsSchema = z.array(
  z.object({
    point_id: z.int(),
    day: z.int(),
    // One flipped bit may turn a number into text.
    rows: z
      .int()
      .nullable()
      .or(z.string().transform(() => "damaged" as const)),
    slice: z.string().nullable(),
  }),
);

/**
 * The stored data of a site by UTC day, from one snapshot.
 * @param first and `last`: whole days since 1970-01-01, both included, at most 65,535
 * @throws {z.ZodError} for malformed rows; the error of D1, after retries
 */
export async function readCoverageDays(
  db: D1Database,
  siteId: number,
  { first, last }: { readonly first: number; readonly last: number },
  pointIds: readonly number[],
): Promise<CoverageDays> {
  const [manifest, hot, counts, settled] = await readChecked((isChecked) => {
    const query = isChecked ? CHECK_COUNTS : READ_COUNTS;
    const statements = [
      manifestStatement(db, siteId, first, last + 1),
      db.prepare(READ_HOT_DAYS).bind(siteId, first, last + 1),
      db.prepare(query).bind(JSON.stringify(pointIds), first, last + 1),
      settleDaysStatement(db, siteId, first, last + 1),
    ];
    return withD1Retry(() => db.batch(statements));
  });
  const cold = new Map(parseManifestDays(manifest?.results).map((row) => [row.day, row]));
  const hotDays = new Map(hotDaysSchema.parse(hot?.results).map((row) => [row.day, row]));
  const settling = new Map(parseSettleDays(settled?.results).map((row) => [row.day, row]));
  const days = Array.from({ length: last - first + 1 }, (_, i): CoveredDay => {
    const day = first + i;
    const hotHours = hotDays.get(day)?.hours ?? 0;
    return { day, hotHours, cold: cold.get(day) ?? null, settling: settling.get(day) ?? null };
  });
  return {
    days,
    counts: countsSchema.parse(counts?.results).map(({ point_id: pointId, day, rows, slice }) => {
      const isSummedUp = (hotDays.get(day)?.withoutRollups ?? 0) === 0;
      if (rows === "damaged") return { pointId, day, samples: null, settled: null };
      const counted = slice === null ? (rows ?? 0) : samplesOf(slice);
      return { pointId, day, samples: isSummedUp ? counted : null, settled: rows };
    }),
  };
}

/** null: the aggregates are damaged */
function samplesOf(slice: string): number | null {
  try {
    return decodeCounts(hexBytes(slice)).reduce((sum, n) => sum + n, 0);
  } catch (error) {
    if (error instanceof StoredHoursError) return null;
    throw error;
  }
}

/**
 * Samples that a point's cadence implies for a day, from its first sample to the watermark; null: no cadence, or no
 * sample.
 */
export function expectedSamples(
  point: Cadence & { readonly firstSeen: number | null },
  day: number,
  watermark: number | null,
): number | null {
  const expectation = expectationOf(point);
  if (expectation?.isPromised !== true || point.firstSeen === null) return null;
  const range = dayRange(day);
  const start = Math.max(range.start, point.firstSeen);
  const end = Math.min(range.end, watermark ?? range.end);
  return Math.max(0, Math.floor((end - start) / expectation.cadenceMs));
}
