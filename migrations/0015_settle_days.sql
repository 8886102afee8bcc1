-- When each closed day of a site is built anew from the source, and what came of the last time.

UPDATE schema_version SET version = 15;

-- A day gets its row when it is due for the first time. packages/core/src/settle/due-days.ts says when that is.
CREATE TABLE settle_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  -- offsets of the setting SETTLE_DAYS that are behind it
  step INTEGER NOT NULL,
  -- epoch ms; NULL: settled for good
  due_at INTEGER,
  -- when the source was asked for all 24 hours that its file has, epoch ms; NULL: never
  settled_at INTEGER,
  -- when its last run ended, epoch ms; NULL: it had none
  ran_at INTEGER,
  -- runs in a row that the source did not answer
  attempts INTEGER NOT NULL DEFAULT 0,
  -- the Workflow instance that builds it; NULL: none. A site has one at a time, and a name is never used again.
  instance TEXT,
  -- of the last run; NULL: it had none
  outcome TEXT,
  reason TEXT,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;
