-- D1 keeps the row groups of the young day files, so that charts of the last days need no R2.

UPDATE schema_version SET version = 20;

-- A cache: what is lost here is read from R2. docs/decisions/0023
-- A content of a site's day, and whether all of its row groups are in kept_groups. Readers use the content that day_files names.
CREATE TABLE kept_files (
  -- never used again, so that a reader who is late finds nothing under it
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  -- of the whole file, lower-case hexadecimal
  sha256 TEXT NOT NULL,
  -- 1: all of its row groups are kept; 0: they are being written or deleted
  whole INTEGER NOT NULL DEFAULT 0,
  -- when a publication last kept it, or the sweep last gave it up, epoch ms
  touched_at INTEGER NOT NULL,
  UNIQUE (site_id, day, sha256)
) STRICT;

CREATE TABLE kept_groups (
  -- kept_files.id x 2^32 + the byte of the file at which the row group begins
  key INTEGER PRIMARY KEY,
  -- the chunks of its columns timestamp, point_name and value, as they are in the file
  body BLOB NOT NULL
) STRICT;
