-- Samples that are in no day file yet: append-only segments of 128 points, in place of a row a point and hour.

UPDATE schema_version SET version = 14;

DROP VIEW timeseries_raw;
DROP VIEW v_latest_values;
DROP TABLE sample_hours;
DROP TABLE hot_hours;

-- Where a site's order of commits stands. Each batch that stores segments moves it, and fails where another one has moved it since
-- the batch was prepared: packages/core/src/store/site-clock.ts.
CREATE TABLE site_clocks (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- of the last segments that were committed
  stamp INTEGER NOT NULL,
  -- of the batch that moved it last
  token TEXT
) STRICT;

-- Append only. The key is ((block x 2^16 + day) x 2^24) + stamp; a block is 128 points of one site (id >> 7).
CREATE TABLE segments (
  key INTEGER PRIMARY KEY,
  -- when the request that brought the samples was sent, epoch ms; 0: they do not come from the API, or are not its last word.
  -- Of two values of one point and time the one with the larger (asked, stamp) counts.
  asked INTEGER NOT NULL,
  -- the first and the last sample, in milliseconds of the day
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  -- JSONB {"<point id>": {"<ms of the day>": <number>, …}, …}
  body BLOB NOT NULL
) STRICT;

-- The newest sample of each point that ever came through a segment, written in the batch of the segment. JSON
-- {"<point id>": [<epoch ms>, <value>, <asked>], …}
CREATE TABLE block_latest (
  block INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- One row a site and UTC hour with samples in segments that are in no day file. The invariant of 0004_rollups.sql holds as it stands
-- there; `version` is a stamp, so it grows with every change, also after the hour was archived.
CREATE TABLE hot_hours (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- its start
  hour INTEGER NOT NULL,
  -- all segments with samples of the hour have stamps from this one to `version`
  first_stamp INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- the version that is in point_days; NULL: none
  folded_version INTEGER,
  PRIMARY KEY (site_id, hour)
) STRICT, WITHOUT ROWID;

-- Segments with stamps up to this one are in the file: readers pass over them, and they are deleted later.
ALTER TABLE day_files ADD COLUMN folded_stamp INTEGER NOT NULL DEFAULT 0;
-- JSON array of 24: when the samples of each hour in the file were asked for last, epoch ms. A segment's sample replaces the file's
-- only if it was asked for later; otherwise it adds what the file lacks.
ALTER TABLE day_files ADD COLUMN asked TEXT;
-- Segments with stamps up to this one are deleted.
ALTER TABLE day_files ADD COLUMN swept_stamp INTEGER NOT NULL DEFAULT 0;

-- One point's samples of open days, for people who ask D1 directly: give site_name and point_name. `timestamp` is whole epoch seconds.
-- SQL's own conversion reads the values; the Workers read the stored text themselves.
CREATE VIEW timeseries_raw AS
SELECT site_name, point_name, time / 1000 AS timestamp, value FROM (
  SELECT *, row_number() OVER (PARTITION BY site_name, point_name, time ORDER BY asked DESC, key DESC) AS place FROM (
    SELECT s.name AS site_name, p.name AS point_name, h.day * 86400000 + CAST(e.key AS INTEGER) AS time, e.value, g.asked, g.key
    FROM sites s
    CROSS JOIN points p ON p.site_id = s.id
    CROSS JOIN (
      SELECT DISTINCT o.site_id, o.hour / 86400000 AS day, coalesce(f.folded_stamp, 0) AS folded
      FROM hot_hours o LEFT JOIN day_files f ON f.site_id = o.site_id AND f.day = o.hour / 86400000
    ) h ON h.site_id = s.id
    CROSS JOIN segments g ON g.key > (((((p.id >> 7) << 16) + h.day) << 24) + h.folded)
      AND g.key < ((((p.id >> 7) << 16) + h.day + 1) << 24)
    CROSS JOIN json_each(g.body, '$."' || p.id || '"') e
  )
) WHERE place = 1;

CREATE VIEW v_latest_values AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  (l.body ->> ('$."' || p.id || '"[0]')) / 1000 AS timestamp,
  l.body ->> ('$."' || p.id || '"[1]') AS value,
  strftime('%Y-%m-%dT%H:%M:%SZ', (l.body ->> ('$."' || p.id || '"[0]')) / 1000, 'unixepoch') AS timestamp_utc
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN block_latest l ON l.block = p.id >> 7
WHERE l.body ->> ('$."' || p.id || '"[0]') IS NOT NULL;
