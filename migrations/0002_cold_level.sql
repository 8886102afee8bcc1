-- The cold level: which days are in R2, where each point's rows are in its day file, and the backfill's jobs.

UPDATE schema_version SET version = 2;

-- Grows with every change of a row, from a random start, so that the archive deletes exactly what it folded: neither
-- what came since, nor a row that was deleted and came anew.
ALTER TABLE sample_hours ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- One row a site and UTC day that was ever built; a day without a row was not.
CREATE TABLE day_files (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  -- written: the file below is whole; empty-confirmed: the API proved that it has no samples;
  -- suspect: the object is not what was written; failed: the last build failed, `reason` says why
  state TEXT NOT NULL CHECK (state IN ('written', 'empty-confirmed', 'suspect', 'failed')),
  -- the R2 object, all NULL where there is none
  key TEXT,
  etag TEXT,
  sha256 TEXT,
  bytes INTEGER,
  rows INTEGER,
  points INTEGER,
  -- 'api': the upstream proved at some time to have served the whole day; 'd1': made of what the hot level held
  source TEXT CHECK (source IN ('api', 'd1')),
  -- the build that published this row
  build TEXT,
  -- grows along the chain of objects that took one another's place; a build commits only over a smaller one
  generation INTEGER NOT NULL DEFAULT 0,
  -- JSON object {sha256: generation} of the contents that builds are about to put in the object's place; readers accept
  -- an object that says to be one of them until its row is published
  pending TEXT NOT NULL DEFAULT '{}',
  -- why the day is suspect, or why the last build failed
  reason TEXT,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- One row a point and UTC day in a day file. The key is point id x 2^16 + day, so a point's days lie together.
CREATE TABLE point_days (
  point_day INTEGER PRIMARY KEY,
  -- samples of the day
  rows INTEGER NOT NULL,
  -- where they are in the day file: packages/core/src/cold/locator.ts
  locator TEXT NOT NULL,
  -- 24 hourly aggregates, JSON: packages/core/src/cold/hour-aggregates.ts
  hours TEXT NOT NULL,
  point_id INTEGER GENERATED ALWAYS AS (point_day >> 16) VIRTUAL,
  day INTEGER GENERATED ALWAYS AS (point_day & 65535) VIRTUAL
) STRICT;

-- One row a backfill: the one that runs, and those that ran. Truth; KV is its projection.
CREATE TABLE backfill_jobs (
  backfill_id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('in_progress', 'completed', 'cancelled', 'failed')),
  -- days since 1970-01-01 UTC, inclusive
  start_day INTEGER NOT NULL,
  end_day INTEGER NOT NULL,
  -- grows when the job is stopped; a step that finds another epoch than its own does nothing
  epoch INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- why it failed
  reason TEXT
) STRICT;
-- At most one job runs.
CREATE UNIQUE INDEX one_running_backfill ON backfill_jobs (status) WHERE status = 'in_progress';
CREATE INDEX backfills_by_start ON backfill_jobs (started_at);

-- One row a job, site and day, made with the job: what is to be done, and then what became of it.
CREATE TABLE backfill_days (
  backfill_id TEXT NOT NULL REFERENCES backfill_jobs (backfill_id),
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- pending: not dealt with yet; skipped: had been finished before the job began; the others as in day_files
  outcome TEXT NOT NULL DEFAULT 'pending'
    CHECK (outcome IN ('pending', 'skipped', 'written', 'empty-confirmed', 'suspect', 'failed')),
  -- samples of the day's file
  records INTEGER NOT NULL DEFAULT 0,
  api_calls INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  -- JSON object {reason: count} of the records that the upstream served and that are not stored
  rejected TEXT NOT NULL DEFAULT '{}',
  reason TEXT,
  finished_at INTEGER,
  PRIMARY KEY (backfill_id, site_id, day)
) STRICT, WITHOUT ROWID;

-- One row: when the backfill may ask the upstream next, whatever site, instance or job asks.
CREATE TABLE backfill_pace (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- the next free slot, epoch milliseconds
  next_at REAL NOT NULL,
  -- between slots, milliseconds; grows with each 429 and shrinks again with each request
  interval_ms REAL NOT NULL
) STRICT;
