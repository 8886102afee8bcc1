-- Backfills that wait for the running one, and the progress within a day.

CREATE TABLE backfill_queue (
  -- in the order in which they were asked for
  n INTEGER PRIMARY KEY,
  backfill_id TEXT NOT NULL UNIQUE,
  -- days since 1970-01-01 UTC, inclusive
  start_day INTEGER NOT NULL,
  end_day INTEGER NOT NULL,
  -- JSON array of {id, name}
  sites TEXT NOT NULL,
  -- 1: fetches finished days again
  force_restart INTEGER NOT NULL,
  -- a day that a job started since then has finished is not fetched again, epoch ms
  covered_since INTEGER NOT NULL,
  queued_at INTEGER NOT NULL
) STRICT;

-- of the build that is under way: hours fetched, and the samples in them
ALTER TABLE backfill_days ADD COLUMN hours INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backfill_days ADD COLUMN samples INTEGER NOT NULL DEFAULT 0;

UPDATE schema_version SET version = 11;
