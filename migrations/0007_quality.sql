-- The quality of each point's day, what it was judged from, and which samples came late.

UPDATE schema_version SET version = 7;

-- packages/core/src/quality/point-day-quality.ts says what each is; `actual` is NULL where the day was not judged, another
-- where that part could not be.
ALTER TABLE point_days ADD COLUMN score REAL;
ALTER TABLE point_days ADD COLUMN expected INTEGER;
ALTER TABLE point_days ADD COLUMN actual INTEGER;
ALTER TABLE point_days ADD COLUMN missing INTEGER;
ALTER TABLE point_days ADD COLUMN out_of_range INTEGER;
ALTER TABLE point_days ADD COLUMN outliers INTEGER;
ALTER TABLE point_days ADD COLUMN spikes INTEGER;
ALTER TABLE point_days ADD COLUMN flat_s INTEGER;
ALTER TABLE point_days ADD COLUMN late INTEGER;

-- One row a site and UTC day that was judged.
--
-- The invariant: the quality in point_days of a site's day is that of all its samples, in both levels, where this row's
-- etag IS that of day_files, and hot_hours and hot_versions are the number and the sum of the versions of the day's rows of
-- hot_hours; a point without a row there had no sample. Otherwise samples have come or changed since, and it is stale.
-- - Whoever judges writes all of the day's points and this row in one batch, on the condition that all of this is as it was
--   before the samples were read.
-- - The batch that publishes a day's file writes the file's quality and its etag, without hot hours: where there are hot
--   rows beside the file, it is stale at once.
CREATE TABLE quality_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  -- FORMULA_VERSION of what judged it; by an older one it is stale too
  formula INTEGER NOT NULL,
  -- of the day's file; NULL: it had none
  etag TEXT,
  -- of the day in hot_hours: how many, and the sum of their versions
  hot_hours INTEGER NOT NULL,
  hot_versions INTEGER NOT NULL,
  -- epoch ms
  judged_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- Samples of a point and day that were stored when the site's watermark had passed their hour by more than an hour.
-- The key is that of point_days; a point and day without a row has none, if it was watched.
CREATE TABLE late_samples (
  point_day INTEGER PRIMARY KEY,
  samples INTEGER NOT NULL
) STRICT;

-- Since when late samples are counted, and windows follow one another without a gap, epoch ms; NULL: not yet
ALTER TABLE sync_state ADD COLUMN watched_from INTEGER;

-- The shapes of the older documents, for people who ask D1 directly. Driven from points, so that a WHERE on site_name and
-- point_name reads that point's rows. Of judged days; a point that should have had samples and has no row had none.
CREATE VIEW data_quality AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  strftime('%Y%m%d', q.day * 86400, 'unixepoch') AS date,
  CASE WHEN d.actual IS NULL THEN 86400 / p.interval_s ELSE d.expected END AS expected_samples,
  coalesce(d.actual, 0) AS actual_samples,
  CASE WHEN d.actual IS NULL THEN 86400 / p.interval_s ELSE d.missing END AS missing_samples,
  CASE WHEN d.actual IS NULL THEN 0 ELSE d.outliers + d.spikes END AS outlier_count,
  CASE WHEN d.actual IS NULL THEN 0.0 ELSE d.score END AS quality_score
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN quality_days q ON q.site_id = s.id
LEFT JOIN point_days d ON d.point_day = (p.id << 16) + q.day AND d.actual IS NOT NULL
WHERE d.actual IS NOT NULL
  OR (p.configured = 1 AND p.interval_s <= 86400 AND p.first_seen < (q.day + 1) * 86400000);

-- Times in whole epoch seconds; data_end is a lower bound, as points.last_seen; total_samples are those of judged days.
CREATE VIEW query_metadata AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  p.first_seen / 1000 AS data_start,
  p.last_seen / 1000 AS data_end,
  (SELECT coalesce(sum(d.actual), 0) FROM point_days d
    WHERE d.point_day >= p.id << 16 AND d.point_day < (p.id + 1) << 16) AS total_samples,
  (SELECT max(q.judged_at) / 1000 FROM quality_days q WHERE q.site_id = s.id) AS last_aggregated
FROM sites s
CROSS JOIN points p ON p.site_id = s.id;
