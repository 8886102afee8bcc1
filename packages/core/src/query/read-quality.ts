import { z } from "zod";
import { forgetDamaged } from "../manifest/quality-days.ts";
import { readChecked } from "../d1/read-checked.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, DAY_S } from "../domain/day.ts";
import { FORMULA_VERSION, type PointDayQuality } from "../quality/point-day-quality.ts";
import type { PointFindings } from "../quality/reasons.ts";
import { rowBlockSql, rowKeySql } from "../rollups/block-day-key.ts";

/** A judged UTC day. */
export interface QualityDay {
  /** whole days since 1970 */
  readonly day: number;
  /** epoch ms */
  readonly judgedAt: number;
  /** false: samples arrived or changed since; it is judged again within the hour */
  readonly isCurrent: boolean;
}

/** A point's quality over the judged days of a range; `score` is the mean of its days' scores. */
export interface PointQuality extends PointFindings {
  readonly id: number;
  readonly name: string;
  readonly label: string | null;
  /** number of days on which it was judged */
  readonly days: number;
}

export interface StoredQuality {
  /** ascending */
  readonly days: readonly QualityDay[];
  /** in the order of the names */
  readonly points: readonly PointQuality[];
  /** of the requested points, by point and then ascending; empty if all points were requested */
  readonly pointDays: readonly (PointDayQuality & { readonly pointId: number; readonly day: number })[];
}

/** ?1 site, ?2 and ?3 days [from, to), ?4 formula. */
const READ_DAYS = `
WITH hot (day, hours, versions) AS (
  SELECT hour / ${DAY_MS}, count(*), sum(version) FROM hot_hours
  WHERE site_id = ?1 AND hour >= ?2 * ${DAY_MS} AND hour < ?3 * ${DAY_MS} GROUP BY 1
)
SELECT q.day, q.judged_at, q.formula = ?4 AND q.etag IS f.etag AND q.hot_hours = coalesce(h.hours, 0)
  AND q.hot_versions = coalesce(h.versions, 0) AS current
FROM quality_days q
LEFT JOIN hot h ON h.day = q.day
LEFT JOIN day_files f ON f.site_id = q.site_id AND f.day = q.day
WHERE q.site_id = ?1 AND q.day >= ?2 AND q.day < ?3 ORDER BY q.day`;

/**
 * Each judged day of each point. A point without an entry counts as one without samples if it should have some: it is
 * collected, its cadence is at most a day, and its first sample came by then. ?1 site, ?2 and ?3 days [from, to), ?4
 * JSON array of point ids; NULL: all.
 */
const POINT_DAYS = `
WITH wanted AS MATERIALIZED (
  SELECT * FROM points WHERE site_id = ?1 AND (?4 IS NULL OR id IN (SELECT value FROM json_each(?4)))
), judged (id, day, quality) AS MATERIALIZED (
  SELECT CAST(e.key AS INTEGER), q.day, e.value FROM (SELECT DISTINCT ${rowBlockSql("id")} AS block FROM wanted) b
  CROSS JOIN quality_days q ON q.site_id = ?1 AND q.day >= ?2 AND q.day < ?3
  CROSS JOIN block_days d ON d.key = ${rowKeySql("b.block", "q.day")}
  CROSS JOIN json_each(d.quality) e
)
SELECT p.id, p.name, p.label, p.unit, q.day, d.quality IS NULL AS silent,
  CASE WHEN d.quality IS NULL THEN 0.0 ELSE d.quality ->> 0 END AS score,
  CASE WHEN d.quality IS NULL THEN ${DAY_S} / p.interval_s ELSE d.quality ->> 1 END AS expected,
  coalesce(d.quality ->> 2, 0) AS actual,
  CASE WHEN d.quality IS NULL THEN ${DAY_S} / p.interval_s ELSE d.quality ->> 3 END AS missing,
  d.quality ->> 4 AS out_of_range, d.quality ->> 5 AS outliers, d.quality ->> 6 AS spikes, d.quality ->> 7 AS flat_s,
  d.quality ->> 8 AS late
FROM wanted p
CROSS JOIN quality_days q ON q.site_id = ?1 AND q.day >= ?2 AND q.day < ?3
LEFT JOIN judged d ON d.id = p.id AND d.day = q.day
WHERE d.quality IS NOT NULL
  OR (p.configured = 1 AND p.interval_s <= ${DAY_S} AND p.first_seen < (q.day + 1) * ${DAY_MS})`;

const READ_POINTS = `
SELECT id, name, label, unit, count(*) AS days, sum(silent) AS silent_days, round(avg(score), 4) AS score,
  sum(expected) AS expected, sum(actual) AS actual, sum(missing) AS missing, sum(out_of_range) AS out_of_range,
  sum(outliers) AS outliers, sum(spikes) AS spikes, sum(flat_s) AS flat_s, sum(late) AS late
FROM (${POINT_DAYS}) GROUP BY id ORDER BY name`;

const READ_POINT_DAYS = `SELECT * FROM (${POINT_DAYS}) ORDER BY id, day`;

const daysSchema = z.array(z.object({ day: z.int(), judged_at: z.int(), current: z.int() }));
const count = z.int().nullable();
const qualitySchema = z.object({
  score: z.number().nullable(),
  expected: count,
  actual: z.int(),
  missing: count,
  out_of_range: count,
  outliers: count,
  spikes: count,
  flat_s: count,
  late: count,
});
const pointsSchema = z.array(
  qualitySchema.extend({
    id: z.int(),
    name: z.string(),
    label: z.string().nullable(),
    unit: z.string().nullable(),
    days: z.int(),
    silent_days: z.int(),
  }),
);
const pointDaysSchema = z.array(qualitySchema.extend({ id: z.int(), day: z.int() }));

function qualityOf(row: z.infer<typeof qualitySchema>): PointDayQuality {
  const { score, expected, actual, missing, out_of_range: outOfRange, outliers, spikes, flat_s: flatS, late } = row;
  return { score, expected, actual, missing, outOfRange, outliers, spikes, flatS, late };
}

/**
 * The quality of a site's points over some days, from one snapshot. A day with damaged quality counts as not judged,
 * and is judged again within the hour.
 * @param range whole days since 1970, half-open
 * @param pointIds null: all points, summed over the days
 * @throws {z.ZodError} for malformed rows; the error of D1, after retries
 */
export async function readQuality(
  db: D1Database,
  siteId: number,
  range: { readonly from: number; readonly to: number },
  pointIds: readonly number[] | null,
): Promise<StoredQuality> {
  const { from, to } = range;
  const ids = pointIds === null ? null : JSON.stringify(pointIds);
  const [days, points, pointDays] = await readChecked(async (isChecked) => {
    if (isChecked) await forgetDamaged(db, siteId, from, to);
    return withD1Retry(() =>
      db.batch([
        db.prepare(READ_DAYS).bind(siteId, from, to, FORMULA_VERSION),
        db.prepare(READ_POINTS).bind(siteId, from, to, ids),
        ...(ids === null ? [] : [db.prepare(READ_POINT_DAYS).bind(siteId, from, to, ids)]),
      ]),
    );
  });
  return {
    days: daysSchema.parse(days?.results).map(({ day, judged_at: judgedAt, current }) => {
      return { day, judgedAt, isCurrent: current === 1 };
    }),
    points: pointsSchema.parse(points?.results).map((row) => {
      const { id, name, label, unit, days: judged, silent_days: silentDays } = row;
      return { id, name, label, unit, days: judged, silentDays, ...qualityOf(row) };
    }),
    pointDays: pointDaysSchema.parse(pointDays?.results ?? []).map((row) => {
      return { pointId: row.id, day: row.day, ...qualityOf(row) };
    }),
  };
}
