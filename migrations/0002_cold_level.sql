-- The cold level: which days are in R2, where each point's rows are in its day file, and the backfill's jobs.

UPDATE schema_version SET version = 2;

-- Grows with every change of a row, so that the archive deletes exactly what it folded and nothing that came since.
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
  -- 'api' (backfill) or 'd1' (archive)
  source TEXT,
  -- the build that published this row; a build publishes only over the one that it started from
  build TEXT,
  -- the content that a build is about to put in the object's place; readers accept it until the row is published
  pending_sha256 TEXT,
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
  -- 24 hourly aggregates: packages/core/src/cold/hour-aggregates.ts
  hours BLOB NOT NULL,
  point_id INTEGER GENERATED ALWAYS AS (point_day >> 16) VIRTUAL,
  day INTEGER GENERATED ALWAYS AS (point_day & 65535) VIRTUAL
) STRICT;

-- One row: the backfill that runs, or the last that ran. Truth; KV is its projection.
CREATE TABLE backfill_jobs (
  backfill_id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('in_progress', 'completed', 'cancelled', 'failed')),
  -- days since 1970-01-01 UTC, inclusive
  start_day INTEGER NOT NULL,
  end_day INTEGER NOT NULL,
  -- JSON array of site names
  sites TEXT NOT NULL,
  force_restart INTEGER NOT NULL CHECK (force_restart IN (0, 1)),
  -- grows with each cancel; a step that finds another epoch than its own stops
  epoch INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  reason TEXT
) STRICT;
-- At most one job runs: a second start violates this index.
CREATE UNIQUE INDEX one_running_backfill ON backfill_jobs (status) WHERE status = 'in_progress';

-- One row a job, site and day that the job has dealt with.
CREATE TABLE backfill_days (
  backfill_id TEXT NOT NULL REFERENCES backfill_jobs (backfill_id),
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('written', 'empty-confirmed', 'suspect', 'failed', 'skipped')),
  records INTEGER NOT NULL,
  api_calls INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  reason TEXT,
  finished_at INTEGER NOT NULL,
  PRIMARY KEY (backfill_id, site_id, day)
) STRICT, WITHOUT ROWID;
