-- What operators did, what the jobs that call the upstream counted, and which sites are paused.

UPDATE schema_version SET version = 10;

-- One row per manual write that passed the access check; in the main database, for 400 days. Times are epoch ms.
CREATE TABLE audit (
  at INTEGER NOT NULL,
  -- random: separates the rows of one millisecond
  id TEXT NOT NULL,
  -- JSON object {kind, name}: a token's name or an Access identity, never the token
  who TEXT NOT NULL,
  -- 'etl', 'backfill' or 'query', and the method and path: 'POST /trigger'
  worker TEXT NOT NULL,
  request TEXT NOT NULL,
  -- JSON object: the body, shortened
  parameters TEXT NOT NULL,
  -- HTTP status of the answer; the code of its problem, NULL where it has none
  status INTEGER NOT NULL,
  code TEXT,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;

-- Counters that only grow: one row per site and job that calls the upstream.
CREATE TABLE site_counters (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- 'sync', 'lists', 'gaps', 'import' or 'backfill'
  job TEXT NOT NULL,
  -- JSON object {counter: count}
  counts TEXT NOT NULL,
  -- the run that was added last: the same run is not added twice when its answer was lost
  last_run TEXT NOT NULL,
  PRIMARY KEY (site_id, job)
) STRICT, WITHOUT ROWID;

-- The pause of a site's sync: since when (epoch ms), by whom (JSON object {kind, name}) and why. paused_at NULL: none.
ALTER TABLE sync_state ADD COLUMN paused_at INTEGER;
ALTER TABLE sync_state ADD COLUMN paused_by TEXT;
ALTER TABLE sync_state ADD COLUMN pause_reason TEXT;
