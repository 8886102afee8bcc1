-- Days that an operator deleted.

UPDATE schema_version SET version = 13;

-- As before, with the state `deleted`: an operator deleted the day's samples. Nothing but a backfill or an import brings them back.
-- Its generation is above every build that had begun, so none of them can publish.
CREATE TABLE day_files_2 (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('written', 'empty-confirmed', 'suspect', 'failed', 'deleted')),
  key TEXT,
  etag TEXT,
  sha256 TEXT,
  bytes INTEGER,
  rows INTEGER,
  points INTEGER,
  source TEXT CHECK (source IN ('api', 'd1')),
  build TEXT,
  generation INTEGER NOT NULL DEFAULT 0,
  pending TEXT NOT NULL DEFAULT '{}',
  reason TEXT,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO day_files_2 (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, pending, reason,
  updated_at)
SELECT site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, pending, reason, updated_at
FROM day_files;
DROP TABLE day_files;
ALTER TABLE day_files_2 RENAME TO day_files;
