-- Gaps: where samples should be and are not, what was asked of the upstream about them, and what came of it.

UPDATE schema_version SET version = 6;

CREATE TABLE gaps (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- [start, end): it holds no sample; where it begins behind a sample, that is the millisecond before it
  start INTEGER NOT NULL,
  -- 0: the whole site
  point_id INTEGER NOT NULL,
  -- exclusive; NULL: it went on at the last look
  end INTEGER,
  -- open: samples may come yet; repaired: they came; confirmed-empty: the upstream proved again and again to have none
  state TEXT NOT NULL CHECK (state IN ('open', 'repaired', 'confirmed-empty')),
  cause TEXT NOT NULL CHECK (cause IN ('unknown', 'point_silent', 'failed_window', 'upstream_empty')),
  detected_at INTEGER NOT NULL,
  -- when it was repaired or confirmed; NULL: it is open
  resolved_at INTEGER,
  -- times that the upstream was asked about it, and when it is asked next
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  -- of the last attempt; NULL: it had an answer
  last_error TEXT,
  -- times that the upstream proved to have nothing for all of it
  proofs INTEGER NOT NULL DEFAULT 0,
  -- the proof that is under way: when it began, and up to where it has come; NULL: none is
  proof_began_at INTEGER,
  proved_to INTEGER,
  -- samples that came into it
  recovered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, start, point_id),
  CHECK ((state = 'open') = (resolved_at IS NULL)),
  CHECK (state = 'open' OR end IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_open ON gaps (site_id, next_attempt_at) WHERE state = 'open';

-- A row a site that was ever looked at for gaps.
CREATE TABLE gap_sites (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- the sync has fetched everything since then: days since 1970-01-01 UTC
  sync_from_day INTEGER NOT NULL,
  -- another one after every change of the site's gaps by the detection, so that two that run at once do not mix
  token TEXT NOT NULL,
  -- of the day before `looked_until`, of the points that have a cadence: samples that it leads to expect, and how many of
  -- these there are
  looked_until INTEGER,
  expected INTEGER,
  present INTEGER,
  -- configured points that are not judged, for their cadence is unknown, too long or not kept
  unjudged INTEGER
) STRICT;

-- A row a site and day that was looked at, with what it was then: packages/core/src/gaps/day-print.ts.
CREATE TABLE gap_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- days since 1970-01-01 UTC
  day INTEGER NOT NULL,
  print TEXT NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;
