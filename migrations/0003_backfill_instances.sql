-- Which Workflow instance a site's days of a backfill are given to, so that one that died is noticed and replaced.

UPDATE schema_version SET version = 3;

-- 1: objects that are not what was written are built anew
ALTER TABLE backfill_jobs ADD COLUMN replace_suspect INTEGER NOT NULL DEFAULT 0;

-- One row a job and site: the instance that was appointed last. No other may work on the site.
CREATE TABLE backfill_instances (
  backfill_id TEXT NOT NULL REFERENCES backfill_jobs (backfill_id) ON DELETE CASCADE,
  site_id INTEGER NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
  -- instances of this job and site before it
  number INTEGER NOT NULL,
  -- the first day that was to be done when it was appointed, days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  -- instances right before it that ended without having dealt with that day
  futile INTEGER NOT NULL DEFAULT 0,
  appointed_at INTEGER NOT NULL,
  -- its id in the engine, never used again: an instance that was ended keeps its id
  instance TEXT GENERATED ALWAYS AS (backfill_id || '-' || site_id || '-' || number) VIRTUAL,
  PRIMARY KEY (backfill_id, site_id)
) STRICT, WITHOUT ROWID;
