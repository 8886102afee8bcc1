-- The hot level: the catalogue, recent samples by point and hour, and the state of each site's sync.
-- Every time is epoch milliseconds UTC unless its name says otherwise. docs/storage-format.md shows examples.

-- The version that the Workers' code expects (SCHEMA_VERSION); each migration sets its own.
CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
INSERT INTO schema_version (version) VALUES (1);

CREATE TABLE sites (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- when the upstream's whole point list was last taken over; NULL: never
  catalog_at INTEGER
) STRICT;

CREATE TABLE points (
  -- 20 bits, for it is a part of the key of sample_hours
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 1048575),
  site_id INTEGER NOT NULL REFERENCES sites (id),
  name TEXT NOT NULL,
  -- 'catalog': listed by the upstream; 'discovered': seen in the data only; 'weather': the site's weather feed
  source TEXT NOT NULL CHECK (source IN ('catalog', 'discovered', 'weather')),
  -- 1: its samples are stored; 0: they are counted as `unconfigured`
  configured INTEGER NOT NULL CHECK (configured IN (0, 1)),
  label TEXT,
  -- normalised ('°F'), and as the upstream spells it ('degrees-fahrenheit')
  unit TEXT,
  unit_raw TEXT,
  -- JSON object {"kv": {name: text}, "markers": [text]}
  tags TEXT NOT NULL,
  -- the cadence: seconds between samples as configured upstream, else as measured; NULL: unknown
  interval_s INTEGER,
  interval_source TEXT CHECK (interval_source IN ('configured', 'measured')),
  first_seen INTEGER,
  -- a lower bound, moved at most once a day so that it costs no write a sync
  last_seen INTEGER,
  UNIQUE (site_id, name)
) STRICT;

-- One row a point and UTC hour. `samples` is a JSON object {"<ms offset in the hour>": <number>, …} in no order.
-- The key is hours since 1970 x 2^20 + point id, so the rowid is the table's only B-tree, sorted by hour and then by
-- point: docs/decisions/0002-packed-row-key.md has the figures.
CREATE TABLE sample_hours (
  hour_point INTEGER PRIMARY KEY,
  samples TEXT NOT NULL,
  hour INTEGER GENERATED ALWAYS AS ((hour_point >> 20) * 3600000) VIRTUAL,
  point_id INTEGER GENERATED ALWAYS AS (hour_point & 1048575) VIRTUAL
) STRICT;

CREATE TABLE sync_state (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- all that the API served with a time before this is stored; NULL: no window has ended yet
  watermark INTEGER,
  -- the window that is being read and the cursor its next page starts at; all NULL: none is open
  window_start INTEGER,
  window_end INTEGER,
  cursor TEXT,
  -- rows a page that are asked for since then because larger pages broke off; NULL: as many as the setting says
  page_size INTEGER,
  page_size_at INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sync_runs (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  started_at INTEGER NOT NULL,
  sync_id TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  fetched INTEGER NOT NULL,
  inserted INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  -- JSON object {reason: count}
  rejected TEXT NOT NULL,
  points INTEGER NOT NULL,
  api_calls INTEGER NOT NULL,
  window_start INTEGER,
  window_end INTEGER,
  -- 1: the API proved that every window of this run had ended
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  -- JSON array of {stage, code, message}
  errors TEXT NOT NULL,
  PRIMARY KEY (site_id, started_at, sync_id)
) STRICT, WITHOUT ROWID;

-- The shapes of the older documents, for people who ask D1 directly. Times here are whole epoch seconds, and SQL's own
-- text-to-double conversion reads the values: the Workers read the stored text themselves. Both views step from one
-- stored hour to the next through the key, and are driven from points, so that a WHERE on site_name and point_name
-- reads that point's rows only.

CREATE VIEW timeseries_raw AS
WITH RECURSIVE stored_hours (hours) AS (
  SELECT min(hour_point) >> 20 FROM sample_hours
  UNION ALL
  SELECT (SELECT min(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point >= (t.hours + 1) << 20)
  FROM stored_hours t WHERE t.hours IS NOT NULL
)
SELECT
  s.name AS site_name,
  p.name AS point_name,
  (h.hour + CAST(e.key AS INTEGER)) / 1000 AS timestamp,
  e.value AS value
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN stored_hours t
CROSS JOIN sample_hours h ON h.hour_point = (t.hours << 20) + p.id
CROSS JOIN json_each(h.samples) e;

CREATE VIEW v_latest_values AS
WITH RECURSIVE stored_hours (hours) AS (
  SELECT max(hour_point) >> 20 FROM sample_hours
  UNION ALL
  SELECT (SELECT max(h.hour_point) >> 20 FROM sample_hours h WHERE h.hour_point < t.hours << 20)
  FROM stored_hours t WHERE t.hours IS NOT NULL
)
SELECT
  s.name AS site_name,
  p.name AS point_name,
  (h.hour + CAST(e.key AS INTEGER)) / 1000 AS timestamp,
  e.value AS value,
  strftime('%Y-%m-%dT%H:%M:%SZ', (h.hour + CAST(e.key AS INTEGER)) / 1000, 'unixepoch') AS timestamp_utc
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN sample_hours h ON h.hour_point = (
  SELECT x.hour_point FROM stored_hours t CROSS JOIN sample_hours x ON x.hour_point = (t.hours << 20) + p.id LIMIT 1
)
CROSS JOIN json_each(h.samples) e
WHERE CAST(e.key AS INTEGER) = (SELECT max(CAST(k.key AS INTEGER)) FROM json_each(h.samples) k);
