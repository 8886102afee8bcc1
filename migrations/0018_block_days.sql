-- Hourly aggregates, places in the day file and quality: one row for 16 points and a UTC day, in place of a row a point and day.

UPDATE schema_version SET version = 18;

DROP VIEW timeseries_agg;
DROP VIEW data_quality;
DROP VIEW query_metadata;
DROP TABLE point_days;

-- A row has points of one site. hot_hours tells which hours of it may be used: the invariant of 0004_rollups.sql holds, with
-- block_days in place of point_days. quality_days tells whether the quality is current: 0007_quality.sql.
-- - The fold (packages/core/src/cold/fold-day.ts) writes the hours of a day without a file. A row holds all hours of a day and of 16
--   points, so a fold writes only if no other fold of the day has written since it read the rows.
-- - The batch that publishes a day's file replaces all rows of the site's day.
CREATE TABLE block_days (
  -- (point id >> 4) x 2^16 + day: the days of 16 points lie together
  key INTEGER PRIMARY KEY,
  -- JSONB {"<point id>": [offset in hours, from 1; bytes; samples in the day's file, or null]}; a point without samples is absent
  places BLOB NOT NULL,
  -- JSONB {"<point id>": [score, expected, actual, missing, out_of_range, outliers, spikes, flat_s, late]}; NULL: not judged.
  -- Before the hours, because SQLite reads a long row from its start.
  quality BLOB,
  -- the points' slices one after the other: packages/core/src/block-days/hour-slice.ts
  hours BLOB NOT NULL
) STRICT;

-- The shape of the older documents, for people who ask D1 directly: hours and days of the days that have no file yet, by UTC, from the
-- samples. SQL cannot read the aggregates of the others; `npm run sql` has them (`hours`). Give site_name and point_name.
CREATE VIEW timeseries_agg AS
SELECT site_name, point_name, '1hr' AS interval, timestamp / 3600 * 3600 AS timestamp,
  avg(value) AS avg_value, min(value) AS min_value, max(value) AS max_value, count(*) AS sample_count
FROM timeseries_raw r
WHERE NOT EXISTS (
  SELECT 1 FROM sites s CROSS JOIN day_files f ON f.site_id = s.id AND f.day = r.timestamp / 86400
  WHERE s.name = r.site_name AND f.key IS NOT NULL
)
GROUP BY site_name, point_name, timestamp / 3600
UNION ALL
SELECT site_name, point_name, '1day', timestamp / 86400 * 86400, avg(value), min(value), max(value), count(*)
FROM timeseries_raw r
WHERE NOT EXISTS (
  SELECT 1 FROM sites s CROSS JOIN day_files f ON f.site_id = s.id AND f.day = r.timestamp / 86400
  WHERE s.name = r.site_name AND f.key IS NOT NULL
)
GROUP BY site_name, point_name, timestamp / 86400;

-- The shapes of the older documents. Driven from points, so that a WHERE on site_name and point_name reads that point's rows. Of judged
-- days; a point that should have had samples and has no quality had none.
CREATE VIEW data_quality AS
SELECT
  site_name,
  point_name,
  strftime('%Y%m%d', day * 86400, 'unixepoch') AS date,
  CASE WHEN quality IS NULL THEN 86400 / interval_s ELSE quality ->> 1 END AS expected_samples,
  coalesce(quality ->> 2, 0) AS actual_samples,
  CASE WHEN quality IS NULL THEN 86400 / interval_s ELSE quality ->> 3 END AS missing_samples,
  CASE WHEN quality IS NULL THEN 0 ELSE (quality ->> 5) + (quality ->> 6) END AS outlier_count,
  CASE WHEN quality IS NULL THEN 0.0 ELSE quality ->> 0 END AS quality_score
FROM (
  SELECT s.name AS site_name, p.name AS point_name, q.day, p.interval_s, p.configured, p.first_seen,
    d.quality -> ('$."' || p.id || '"') AS quality
  FROM sites s
  CROSS JOIN points p ON p.site_id = s.id
  CROSS JOIN quality_days q ON q.site_id = s.id
  LEFT JOIN block_days d ON d.key = ((p.id >> 4) << 16) + q.day
)
WHERE quality IS NOT NULL OR (configured = 1 AND interval_s <= 86400 AND first_seen < (day + 1) * 86400000);

-- Times in whole epoch seconds; data_end is a lower bound, as points.last_seen; total_samples are those of judged days.
CREATE VIEW query_metadata AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  p.first_seen / 1000 AS data_start,
  p.last_seen / 1000 AS data_end,
  (SELECT coalesce(sum(d.quality ->> ('$."' || p.id || '"[2]')), 0) FROM block_days d
    WHERE d.key >= (p.id >> 4) << 16 AND d.key < ((p.id >> 4) + 1) << 16) AS total_samples,
  (SELECT max(q.judged_at) / 1000 FROM quality_days q WHERE q.site_id = s.id) AS last_aggregated
FROM sites s
CROSS JOIN points p ON p.site_id = s.id;
