-- What a sample means is kept with its time.

UPDATE schema_version SET version = 19;

-- What a point was before a change of the upstream's list: of its samples before `until`, and since the change before. What the list said
-- first holds for all before.
CREATE TABLE past_meanings (
  point_id INTEGER NOT NULL REFERENCES points (id),
  -- epoch ms
  until INTEGER NOT NULL,
  -- normalised symbol; NULL: none was known
  unit TEXT,
  -- seconds between samples as configured; NULL: not configured
  interval_s INTEGER,
  PRIMARY KEY (point_id, until)
) STRICT, WITHOUT ROWID;
