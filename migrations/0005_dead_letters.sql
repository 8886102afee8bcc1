-- What was not stored: some of the rejected records, and pages whose write failed, for 7 days; and what somebody was, or is
-- to be, told of.

UPDATE schema_version SET version = 5;

CREATE TABLE dead_letters (
  -- `at` x 1000 + its number in the run: in the order of time, and never used again, so that a repeated request cannot
  -- mean another letter
  id INTEGER PRIMARY KEY,
  -- SHA-256 of what it is about: the same record, rejected again by a window that overlaps, is the same letter
  identity TEXT NOT NULL UNIQUE,
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- a reason of rejection, or 'write_failed'
  reason TEXT NOT NULL,
  sync_id TEXT NOT NULL,
  -- when the sync began, epoch ms
  at INTEGER NOT NULL,
  -- the page that it came with: the window that was asked for, and the cursor (NULL: the window's first page);
  -- no window: the weather feed
  window_start INTEGER,
  window_end INTEGER,
  cursor TEXT,
  -- the first 1,000 characters of the record's JSON; NULL: a failed write
  record TEXT,
  -- of a failed write: the part of the sync that failed, and the samples that wait for the next sync
  stage TEXT,
  error TEXT,
  samples INTEGER,
  CHECK ((reason = 'write_failed') = (record IS NULL)),
  CHECK ((record IS NULL) = (stage IS NOT NULL AND error IS NOT NULL AND samples IS NOT NULL))
) STRICT;

-- A row a thing that is watched; written when its level changes and when somebody is told. Times are epoch ms.
CREATE TABLE alerts (
  -- a site's name; '': the whole deployment
  site TEXT NOT NULL,
  kind TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('firing', 'ok')),
  -- since when, and what was measured then
  since INTEGER NOT NULL,
  detail TEXT NOT NULL,
  -- the level that was told last, and when each was
  told TEXT NOT NULL CHECK (told IN ('firing', 'ok')),
  firing_told_at INTEGER,
  ok_told_at INTEGER,
  -- when a cron began to tell it; NULL: none is at it
  claimed_at INTEGER,
  PRIMARY KEY (site, kind)
) STRICT, WITHOUT ROWID;
