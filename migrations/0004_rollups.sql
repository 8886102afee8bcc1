-- Rollups of every day, hot or cold: which hours of the hot level the hourly aggregates in point_days know.

UPDATE schema_version SET version = 4;

-- One row a site and UTC hour that has hot rows, made and changed in the batch that makes and changes those.
--
-- The invariant that answers rest on: an hour of point_days is the sum of all samples of that point and hour, in both
-- levels, unless hot_hours has a row of the site and hour with folded_version IS NOT version; then it says nothing.
-- - Any change of a hot row raises `version`, so the hour is not folded any more.
-- - The fold (packages/core/src/cold/fold-hour.ts) writes the hour of every point and folded_version in one batch, on
--   the condition that `version` is what it was before the rows were read, and that the day has no file.
-- - A day that has a file (day_files.key) has in point_days what the file holds. Its hot rows, late or imported, are not
--   in that, so its hours are never folded: the batch that publishes the file sets folded_version to NULL. Hours that
--   have no hot rows left, lose their row there; nothing else deletes hot rows, and no day loses its file.
CREATE TABLE hot_hours (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- its start
  hour INTEGER NOT NULL,
  -- grows with every change of the hour's rows, from a random start, for an hour may be archived and come anew
  version INTEGER NOT NULL,
  -- the version that is in point_days; NULL: none
  folded_version INTEGER,
  PRIMARY KEY (site_id, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO hot_hours (site_id, hour, version)
WITH RECURSIVE stored (hours) AS (
  SELECT min(hour_point) >> 20 FROM sample_hours
  UNION ALL
  SELECT (SELECT min(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point >= (t.hours + 1) << 20)
  FROM stored t WHERE t.hours IS NOT NULL
)
SELECT s.id, t.hours * 3600000, random() & 0x7fffffffffff FROM stored t CROSS JOIN sites s
WHERE EXISTS (
  SELECT 1 FROM sample_hours h CROSS JOIN points p ON p.id = h.hour_point & 1048575
  WHERE h.hour_point >= t.hours << 20 AND h.hour_point < (t.hours + 1) << 20 AND p.site_id = s.id
);

-- Now also of days without a file, and then without `rows` and `locator`.
CREATE TABLE point_days_3 (
  point_day INTEGER PRIMARY KEY,
  -- samples of the day in its file
  rows INTEGER,
  -- where they are in the day file: packages/core/src/cold/locator.ts
  locator TEXT,
  -- 24 hourly aggregates, JSON: packages/core/src/cold/hour-aggregates.ts; hot_hours tells which of them hold
  hours TEXT NOT NULL,
  point_id INTEGER GENERATED ALWAYS AS (point_day >> 16) VIRTUAL,
  day INTEGER GENERATED ALWAYS AS (point_day & 65535) VIRTUAL,
  CHECK ((rows IS NULL) = (locator IS NULL))
) STRICT;
INSERT INTO point_days_3 (point_day, rows, locator, hours) SELECT point_day, rows, locator, hours FROM point_days;
DROP TABLE point_days;
ALTER TABLE point_days_3 RENAME TO point_days;

-- The shape of the older documents, for people who ask D1 directly. Hours are UTC hours, days UTC days; `timestamp` is
-- the start in whole epoch seconds. An hour that is not folded yet is absent, and so is a day that has one: the Workers
-- compute these from the samples. Driven from points, so that a WHERE on site_name and point_name reads that point's rows.
CREATE VIEW timeseries_agg AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  '1hr' AS interval,
  d.day * 86400 + e.key * 3600 AS timestamp,
  max(e.value ->> 1, min(coalesce(e.value ->> 2, e.value ->> 1),
    coalesce(CAST(e.value ->> 3 AS REAL) / (e.value ->> 0), e.value ->> 1))) AS avg_value,
  e.value ->> 1 AS min_value,
  coalesce(e.value ->> 2, e.value ->> 1) AS max_value,
  e.value ->> 0 AS sample_count
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN point_days d ON d.point_day >= p.id << 16 AND d.point_day < (p.id + 1) << 16
CROSS JOIN json_each(d.hours) e
WHERE e.type = 'array' AND NOT EXISTS (
  SELECT 1 FROM hot_hours h
  WHERE h.site_id = s.id AND h.hour = d.day * 86400000 + e.key * 3600000 AND h.folded_version IS NOT h.version
)
UNION ALL
SELECT
  s.name,
  p.name,
  '1day',
  d.day * 86400,
  (SELECT max(min(e.value ->> 1), min(max(coalesce(e.value ->> 2, e.value ->> 1)),
      total(coalesce(e.value ->> 3, (e.value ->> 0) * (e.value ->> 1))) / sum(e.value ->> 0)))
    FROM json_each(d.hours) e WHERE e.type = 'array'),
  (SELECT min(e.value ->> 1) FROM json_each(d.hours) e WHERE e.type = 'array'),
  (SELECT max(coalesce(e.value ->> 2, e.value ->> 1)) FROM json_each(d.hours) e WHERE e.type = 'array'),
  (SELECT sum(e.value ->> 0) FROM json_each(d.hours) e WHERE e.type = 'array')
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN point_days d ON d.point_day >= p.id << 16 AND d.point_day < (p.id + 1) << 16
WHERE NOT EXISTS (
  SELECT 1 FROM hot_hours h
  WHERE h.site_id = s.id AND h.hour >= d.day * 86400000 AND h.hour < (d.day + 1) * 86400000
    AND h.folded_version IS NOT h.version
);
