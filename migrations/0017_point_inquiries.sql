-- Points that a sync does not hear of are asked for by name.

UPDATE schema_version SET version = 17;

-- A row a point that was ever asked for by name.
CREATE TABLE point_inquiries (
  point_id INTEGER PRIMARY KEY REFERENCES points (id),
  -- requests in a row that brought no new sample
  attempts INTEGER NOT NULL,
  -- when it may be asked for again, epoch ms
  next_at INTEGER NOT NULL
) STRICT;
