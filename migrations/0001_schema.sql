-- The schema of every D1 database of a deployment. Times are epoch milliseconds UTC and days are whole days since 1970-01-01 UTC,
-- unless a name says otherwise. docs/storage-format.md shows example rows.

-- The version that the Workers' code expects (SCHEMA_VERSION). Each migration sets its own.
CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
INSERT INTO schema_version (version) VALUES (1);

-- Sites and points

CREATE TABLE sites (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- when the upstream's whole point list was last applied; NULL: never
  catalog_at INTEGER,
  -- the last list, if it omitted too many points to retire them without a second list: JSON {at, listed, missing: [point id]}
  held_list TEXT,
  -- points with contradictory entries in the last list
  list_conflicts INTEGER NOT NULL DEFAULT 0,
  -- a token that changes with the names, labels, units, tags, devices and cadences of the points; NULL: there was never a point
  points_version TEXT
) STRICT;

CREATE TABLE points (
  -- 20 bits, because segments.key packs an id with a day and a stamp into 53 bits. A block of 128 ids has points of one site;
  -- new points fill their site's last block.
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 1048575),
  site_id INTEGER NOT NULL REFERENCES sites (id),
  name TEXT NOT NULL,
  -- 'catalog': listed by the upstream; 'discovered': seen in the data only; 'weather': the site's weather feed
  source TEXT NOT NULL CHECK (source IN ('catalog', 'discovered', 'weather')),
  -- 1: its samples are stored; 0: they are counted as `unconfigured`
  configured INTEGER NOT NULL CHECK (configured IN (0, 1)),
  label TEXT,
  -- normalised ('°F')
  unit TEXT,
  -- as the upstream spells it ('degrees-fahrenheit')
  unit_raw TEXT,
  -- JSON object {"kv": {name: text}, "markers": [text]}
  tags TEXT NOT NULL,
  -- name of the BACnet device; NULL: not given
  device TEXT,
  -- the cadence: seconds between samples; NULL: unknown
  interval_s INTEGER,
  -- 'configured': the upstream states the cadence; 'measured': computed from samples
  interval_source TEXT CHECK (interval_source IN ('configured', 'measured')),
  first_seen INTEGER,
  -- a lower bound: a sync moves it at most once a day, to save writes
  last_seen INTEGER,
  UNIQUE (site_id, name)
) STRICT;

-- Names and units of the points of a block, so that an answer about all points reads a row per block instead of a row per point.
-- Each batch that writes names or units of points writes their blocks anew.
CREATE TABLE block_points (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- 128 points of the site: id >> 7
  block INTEGER NOT NULL,
  -- JSON array of [point id, name, unit]
  points TEXT NOT NULL,
  PRIMARY KEY (site_id, block)
) STRICT, WITHOUT ROWID;

-- A point's former unit and cadence, one row per change in the upstream's list. A row applies to samples before `until`, and since
-- the point's previous row if it has one. The first known unit and cadence apply to all earlier samples and add no row.
CREATE TABLE past_meanings (
  point_id INTEGER NOT NULL REFERENCES points (id),
  until INTEGER NOT NULL,
  -- normalised symbol; NULL: unknown
  unit TEXT,
  -- seconds between samples as configured; NULL: not configured
  interval_s INTEGER,
  PRIMARY KEY (point_id, until)
) STRICT, WITHOUT ROWID;

-- Points that were silent while their site was not, and were asked for by name. One row per point that ever was.
CREATE TABLE point_inquiries (
  point_id INTEGER PRIMARY KEY REFERENCES points (id),
  -- consecutive requests that brought no new sample
  attempts INTEGER NOT NULL,
  -- when the next request may be sent
  next_at INTEGER NOT NULL
) STRICT;

-- Sync

CREATE TABLE sync_state (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- all samples before this that the API served are stored; NULL: no window has ended yet
  watermark INTEGER,
  -- half of the points that still send have samples up to here; if the whole site is late, windows begin before it.
  -- NULL: no window has ended yet
  served_to INTEGER,
  -- time of the newest sample that any window brought; NULL: none brought one
  newest_sample INTEGER,
  -- since when late samples are counted and windows follow each other without a gap; NULL: not yet
  watched_from INTEGER,
  -- the open window; both NULL: none is open
  window_start INTEGER,
  window_end INTEGER,
  -- where the open window's next page starts: at the cursor, or at the time window_from if there is no cursor
  window_from INTEGER,
  cursor TEXT,
  -- rows per page while larger pages fail; NULL: the setting applies
  page_size INTEGER,
  -- consecutive failures of larger pages, and the last cause: an error's kind, or http_ and the status
  page_failures INTEGER,
  page_reason TEXT,
  -- when the next larger size is tried; NULL: no page of `page_size` has arrived yet
  page_retry_at INTEGER,
  -- the pause of the site's sync: since when, by whom (JSON object {kind, name}) and why; all NULL: not paused
  paused_at INTEGER,
  paused_by TEXT,
  pause_reason TEXT,
  updated_at INTEGER NOT NULL
) STRICT;

-- One row per site and run.
CREATE TABLE sync_runs (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  started_at INTEGER NOT NULL,
  sync_id TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  fetched INTEGER NOT NULL,
  inserted INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  -- JSON object {reason: count}
  rejected TEXT NOT NULL,
  points INTEGER NOT NULL,
  api_calls INTEGER NOT NULL,
  window_start INTEGER,
  window_end INTEGER,
  -- 1: the API proved that every window of this run had ended
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  -- JSON array of {stage, code, message}
  errors TEXT NOT NULL,
  PRIMARY KEY (site_id, started_at, sync_id)
) STRICT, WITHOUT ROWID;

-- Data that was not stored: examples of rejected records, and pages whose write failed. Kept for 7 days.
CREATE TABLE dead_letters (
  -- `at` x 1000 + a number within the run. Ascends with time and is never reused, so a repeated request cannot name another row.
  id INTEGER PRIMARY KEY,
  -- SHA-256 of the subject: overlapping windows reject the same record again, and that keeps one row
  identity TEXT NOT NULL UNIQUE,
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- the reason of the rejection, or 'write_failed'
  reason TEXT NOT NULL,
  sync_id TEXT NOT NULL,
  -- when the sync began
  at INTEGER NOT NULL,
  -- the window of the page; NULL: the record came from the weather feed
  window_start INTEGER,
  window_end INTEGER,
  -- the cursor of the page; NULL: the window's first page
  cursor TEXT,
  -- the first 1,000 characters of the record's JSON; NULL: a failed write
  record TEXT,
  -- of a failed write only: the failed stage of the sync, its error, and the number of samples that the next sync has to store
  stage TEXT,
  error TEXT,
  samples INTEGER,
  CHECK ((reason = 'write_failed') = (record IS NULL)),
  CHECK ((record IS NULL) = (stage IS NOT NULL AND error IS NOT NULL AND samples IS NOT NULL))
) STRICT;

-- Samples that are in no day file yet

-- Orders the commits of a site's segments. Each batch that stores segments moves the clock. It fails if another batch has moved the
-- clock since this one was prepared: packages/core/src/store/site-clock.ts.
CREATE TABLE site_clocks (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- of the segments that were committed last
  stamp INTEGER NOT NULL,
  -- identifies the batch that moved the clock last
  token TEXT,
  -- JSON array: the tokens before, the latest last. A batch whose answer was lost finds its own here, so its samples are counted once.
  earlier_tokens TEXT NOT NULL DEFAULT '[]',
  -- JSON array of strings, the latest last: left by builds and roll-ups that read the clock. Time Travel to before that removes the mark,
  -- and what was read is not written.
  marks TEXT NOT NULL DEFAULT '[]'
) STRICT;

-- Append only. The key is (((block x 2^16) + day) x 2^24) + stamp; a block is 128 points of one site (id >> 7).
CREATE TABLE segments (
  key INTEGER PRIMARY KEY,
  -- when the request for the samples was sent; 0: they are not from the API, or a later answer of the API may replace them.
  -- If a point has two values at one time, the value with the larger (asked, stamp) counts.
  asked INTEGER NOT NULL,
  -- the first and the last sample, in milliseconds of the day
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  -- JSONB {"<point id>": {"<ms of the day>": <number>, …}, …}
  body BLOB NOT NULL
) STRICT;

-- Copies of segments that a reader could not read and skipped. A copy is deleted when its day is built from the source again. It stays
-- if its samples were not asked of the source (asked = 0): an operator decides.
CREATE TABLE damaged_segments (
  -- as in segments, like the four columns after site_id
  key INTEGER PRIMARY KEY,
  site_id INTEGER NOT NULL REFERENCES sites (id),
  asked INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  body BLOB NOT NULL,
  -- why it could not be read
  reason TEXT NOT NULL,
  found_at INTEGER NOT NULL
) STRICT;

-- The newest sample of each point that ever had one in a segment. The batch that stores the segment writes it. JSON
-- {"<point id>": [<time>, <value>, <asked>], …}
CREATE TABLE block_latest (
  block INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- One row per site and UTC hour with samples in segments that are in no day file. Tells which hourly aggregates may be used.
--
-- Invariant: an hour in block_days aggregates all samples of that point and hour, those in segments and those in the day file.
-- Exception: if hot_hours has a row of the site and hour with rolled_up_version IS NOT version, the aggregates may be wrong.
-- - Storing a segment raises `version` of its hours, so their aggregates are not used any more.
-- - The roll-up (packages/core/src/day-build/roll-up-day.ts) writes a day's aggregates and rolled_up_version in one batch. The batch writes nothing
--   if the day's rows here have changed since the roll-up read the segments, or if the day has a file.
-- - If a day has a file (day_files.key), block_days holds the file's aggregates, without the segments beside the file. The batch that
--   publishes a file sets rolled_up_version to NULL, and such hours are never rolled up. It deletes the rows of hours whose segments are
--   all in the file.
CREATE TABLE hot_hours (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- its start
  hour INTEGER NOT NULL,
  -- all segments with samples of the hour have stamps from first_stamp to version. The version grows with every change, also
  -- after the hour was in a file, because it is a stamp of the site's clock.
  first_stamp INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- the version that is in block_days; NULL: none
  rolled_up_version INTEGER,
  PRIMARY KEY (site_id, hour)
) STRICT, WITHOUT ROWID;

-- The number of a point's samples of a day that were stored after the site's watermark had passed their hour by more than an hour.
-- A point that is absent had none, if late samples were counted then (sync_state.watched_from). One row per 128 points (id >> 7) and day.
CREATE TABLE late_samples (
  -- block x 2^16 + day
  block_day INTEGER PRIMARY KEY,
  -- JSON {"<point id>": samples, …}
  samples TEXT NOT NULL
) STRICT;

-- Day files

-- One row per site and UTC day that was ever built or deleted.
CREATE TABLE day_files (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- written: the file below is whole
  -- confirmed-empty: the API proved that the day has no samples
  -- suspect: the R2 object is not the one that was written
  -- failed: the last build failed
  -- deleted: an operator deleted all samples that were in its file, see deleted_at. Its generation is above that of every build that
  --   had begun, so none of them can publish.
  state TEXT NOT NULL CHECK (state IN ('written', 'confirmed-empty', 'suspect', 'failed', 'deleted')),
  -- the R2 object; all NULL: there is none
  key TEXT,
  etag TEXT,
  sha256 TEXT,
  bytes INTEGER,
  rows INTEGER,
  points INTEGER,
  -- 'api': at some time the upstream proved that it had served the whole day; 'd1': built from segments only
  source TEXT CHECK (source IN ('api', 'd1')),
  -- the build that published this row
  build TEXT,
  -- grows each time an object replaces the one before; a build commits only over a smaller generation
  generation INTEGER NOT NULL DEFAULT 0,
  -- contents that builds are about to put in the object's place: JSON object {sha256: generation}. Readers accept an object with
  -- one of these contents until its row is published.
  pending TEXT NOT NULL DEFAULT '{}',
  -- why the day is suspect, or why the last build failed
  reason TEXT,
  updated_at INTEGER NOT NULL,
  -- segments with stamps up to this one are in the file: readers skip them, and a later sweep deletes them
  settled_stamp INTEGER NOT NULL DEFAULT 0,
  -- JSON array of 24: when the samples of each hour in the file were last requested. A segment's sample replaces the file's only if
  -- it was requested later; otherwise it only adds times that the file lacks.
  asked TEXT,
  -- segments with stamps up to this one are deleted
  swept_stamp INTEGER NOT NULL DEFAULT 0,
  -- when an operator last deleted the day. Until a backfill builds it, nothing else asks the API for it.
  -- NULL: never, or a backfill has built it since, or only the one point that its file had was deleted
  deleted_at INTEGER,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- Copies of the row groups of recent day files, so that charts of these days need no R2. A cache: readers fall back to R2
-- (docs/decisions/0023-kept-row-groups.md). One row per content of a site's day; readers use the content that day_files names.
CREATE TABLE kept_files (
  -- never reused, so that a late reader finds no other file's row groups under it
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- of the whole file, lower-case hexadecimal
  sha256 TEXT NOT NULL,
  -- 1: all of its row groups are in kept_groups; 0: they are being written or deleted
  whole INTEGER NOT NULL DEFAULT 0,
  -- when a publication last kept it, or the sweep marked it for deletion
  touched_at INTEGER NOT NULL,
  UNIQUE (site_id, day, sha256)
) STRICT;

CREATE TABLE kept_groups (
  -- kept_files.id x 2^32 + the byte of the file at which the row group begins
  key INTEGER PRIMARY KEY,
  -- the chunks of its columns timestamp, point_name and value, as they are in the file
  body BLOB NOT NULL
) STRICT;

-- Hourly aggregates, locators in the day file and quality: one row per 16 points of a site and UTC day, with a file or without.
-- hot_hours tells which hours may be used, and quality_days whether the quality is current. A row has several writers:
-- - A roll-up writes the aggregates, and only if no other roll-up of the day has written since it read the rows.
-- - The judge writes the quality only.
-- - The batch that publishes a day's file replaces all rows of the site's day.
CREATE TABLE block_days (
  -- (point id >> 4) x 2^16 + day: the days of 16 points are adjacent
  key INTEGER PRIMARY KEY,
  -- JSONB {"<point id>": [offset in hours, from 1; bytes; samples in the day's file, or null]}; a point without samples is absent
  places BLOB NOT NULL,
  -- JSONB {"<point id>": [score, expected, actual, missing, out_of_range, outliers, spikes, flat_s, late]}; null: that part could not
  -- be judged; NULL: no point was judged. packages/core/src/quality/point-day-quality.ts defines each part.
  -- The column stands before `hours`, because SQLite reads a long row from its start.
  quality BLOB,
  -- the points' slices one after the other: packages/core/src/rollups/hour-slice.ts
  hours BLOB NOT NULL
) STRICT;

-- The hourly aggregates of a point's settled UTC month: its slices of block_days, whose `hours` are then empty. A day of it counts only
-- if block_days has no hours of it, and if the generation in the head is that of the day in day_files.
CREATE TABLE point_months (
  -- point id x 2^12 + month (months since January 1970)
  key INTEGER PRIMARY KEY,
  -- the days' generations, and where the samples are in the day files and in the month file. Both columns:
  -- packages/core/src/rollups/point-month.ts
  head BLOB NOT NULL,
  -- the column stands last, because SQLite reads a long row from its start
  hours BLOB NOT NULL
) STRICT;

-- One row per site and UTC month that has a month file, or packed aggregates, or a build of either.
-- A month file is a copy of the samples in the day files, sorted by point for the whole month. The day files stay the truth: readers take
-- a day from the month file only if its generation in `days` is that of day_files.
CREATE TABLE month_files (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- months since January 1970
  month INTEGER NOT NULL,
  -- where an object may be in R2; NULL: nowhere. It is noted before an object is put, and forgotten after it is deleted.
  key TEXT,
  -- the object; all NULL: there is none that may be read
  etag TEXT,
  bytes INTEGER,
  rows INTEGER,
  -- JSON array, an entry per day of the month: generation of the day file that the samples are copied from; null: none is
  days TEXT NOT NULL DEFAULT '[]',
  -- grows with each month file; the locators in point_months name the file that they are of
  generation INTEGER NOT NULL DEFAULT 0,
  -- the generation whose locators are in point_months for all points
  located INTEGER NOT NULL DEFAULT 0,
  -- as `days`: generation of the day whose aggregates are in point_months, for all points of the site. Readers then look for them there
  -- and not in block_days, so what writes hours of such a day into block_days sets its entry to null.
  packed TEXT NOT NULL DEFAULT '[]',
  -- the Workflow instance that builds the month; NULL: none. A site has one at a time, and a name is never reused.
  instance TEXT,
  -- when the last build ended; NULL: none has
  built_at INTEGER,
  -- consecutive builds that failed; the reason of the last one, or why the object may not be read
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  PRIMARY KEY (site_id, month)
) STRICT, WITHOUT ROWID;

-- One row per site and UTC day that was judged: the samples that the judgement used.
--
-- Invariant: the quality in block_days of a site's day covers all its samples, in segments and in the day file, if
-- - etag IS that of day_files, and
-- - hot_hours and hot_versions are the number and the sum of the versions of the day's rows in the table hot_hours.
-- A point without a quality then had no sample. Otherwise samples have been added or changed, and the quality is stale.
-- - The judge writes all of the day's points and this row in one batch. The batch writes nothing if any of this has changed since
--   the judge read the samples.
-- - The batch that publishes a day's file writes the file's quality and etag, and no hot hours. If segments remain beside the file,
--   the quality is stale at once.
CREATE TABLE quality_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- FORMULA_VERSION of the judge; a quality of an older one is stale too
  formula INTEGER NOT NULL,
  -- of the day's file; NULL: it had none
  etag TEXT,
  hot_hours INTEGER NOT NULL,
  hot_versions INTEGER NOT NULL,
  judged_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- When each closed day of a site is rebuilt from the source, and the outcome of its last run. A day gets its row when it is first
-- due: packages/core/src/settle/due-days.ts.
CREATE TABLE settle_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- how many offsets of the setting SETTLE_DAYS are done
  step INTEGER NOT NULL,
  -- when the next run is due; NULL: the day is settled for good
  due_at INTEGER,
  -- when the source was asked for all 24 hours of the present file; NULL: never
  settled_at INTEGER,
  -- when the last run ended; NULL: there was none
  ran_at INTEGER,
  -- consecutive runs without an answer of the source
  attempts INTEGER NOT NULL DEFAULT 0,
  -- when the first of these runs was due; NULL: the last run had an answer
  failing_since INTEGER,
  -- the Workflow instance that builds the day; NULL: none. A site has one at a time, and a name is never reused.
  instance TEXT,
  -- of the last run; NULL: there was none
  outcome TEXT,
  reason TEXT,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- Gaps: where expected samples are missing, the requests for them, and the outcome

CREATE TABLE gaps (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- [start, end) holds no sample; a gap after a sample starts one millisecond after it
  start INTEGER NOT NULL,
  -- 0: the whole site
  point_id INTEGER NOT NULL,
  -- exclusive; NULL: the gap was going on at the last scan
  end INTEGER,
  -- open: samples may still come; repaired: they came; confirmed-empty: the upstream proved repeatedly that it has none
  state TEXT NOT NULL CHECK (state IN ('open', 'repaired', 'confirmed-empty')),
  cause TEXT NOT NULL CHECK (cause IN ('unknown', 'point_silent', 'failed_window', 'upstream_empty')),
  detected_at INTEGER NOT NULL,
  -- when it was repaired or confirmed; NULL: it is open
  resolved_at INTEGER,
  -- requests to the upstream so far, and when the next one is due
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  -- of the last attempt; NULL: it was answered
  last_error TEXT,
  -- how often the upstream proved that it has nothing in the whole gap
  proofs INTEGER NOT NULL DEFAULT 0,
  -- the proof in progress: when it began, and the time up to which it has come; NULL: none
  proof_began_at INTEGER,
  proved_to INTEGER,
  -- samples that were stored in it
  recovered INTEGER NOT NULL DEFAULT 0,
  -- the time up to which the upstream was asked since samples came. The rest stays a gap, however short, until it was asked for
  -- too, so an interruption loses nothing. NULL: no sample came, or everything was asked for.
  filled_to INTEGER,
  PRIMARY KEY (site_id, start, point_id),
  CHECK ((state = 'open') = (resolved_at IS NULL)),
  CHECK (state = 'open' OR end IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_open ON gaps (site_id, next_attempt_at) WHERE state = 'open';

-- One row per site that was ever scanned for gaps.
CREATE TABLE gap_sites (
  site_id INTEGER PRIMARY KEY REFERENCES sites (id),
  -- the first day since which the sync has fetched everything
  sync_from_day INTEGER NOT NULL,
  -- changes whenever gap detection writes the site's gaps, so that two concurrent detections cannot mix
  token TEXT NOT NULL,
  -- the end of the scanned time
  scanned_until INTEGER,
  -- of the 24 hours before it, over the points with a known cadence: the samples that are expected, and how many of them exist
  expected INTEGER,
  present INTEGER,
  -- configured points that are not judged, because their cadence is unknown, too long or not kept
  unjudged INTEGER
) STRICT;

-- One row per site and day that was scanned.
CREATE TABLE gap_days (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- fingerprint of the day's stored data at the scan: packages/core/src/gaps/day-fingerprint.ts
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- Backfills, in the main database only

-- One row per backfill that runs or has run. Authoritative; KV is a projection of it.
CREATE TABLE backfill_jobs (
  backfill_id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('in_progress', 'completed', 'cancelled', 'failed')),
  -- inclusive
  start_day INTEGER NOT NULL,
  end_day INTEGER NOT NULL,
  -- grows when the job is stopped; a step of another epoch does nothing
  epoch INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- why it failed
  reason TEXT,
  -- 1: also rebuilds days whose R2 object is not the one that was written
  replace_suspect INTEGER NOT NULL DEFAULT 0
) STRICT;
-- At most one job runs.
CREATE UNIQUE INDEX one_running_backfill ON backfill_jobs (status) WHERE status = 'in_progress';
CREATE INDEX backfills_by_start ON backfill_jobs (started_at);

-- One row per job, site and day, created with the job: the work to do, and then its outcome.
CREATE TABLE backfill_days (
  backfill_id TEXT NOT NULL REFERENCES backfill_jobs (backfill_id),
  site_id INTEGER NOT NULL REFERENCES sites (id),
  day INTEGER NOT NULL,
  -- pending: not done yet; skipped: was done before the job began; the others as in day_files
  outcome TEXT NOT NULL DEFAULT 'pending'
    CHECK (outcome IN ('pending', 'skipped', 'written', 'confirmed-empty', 'suspect', 'failed')),
  -- samples in the day's file
  records INTEGER NOT NULL DEFAULT 0,
  api_calls INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  -- records of the upstream that are not stored: JSON object {reason: count}
  rejected TEXT NOT NULL DEFAULT '{}',
  reason TEXT,
  finished_at INTEGER,
  -- of the build in progress: hours fetched, and the samples in them
  hours INTEGER NOT NULL DEFAULT 0,
  samples INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (backfill_id, site_id, day)
) STRICT, WITHOUT ROWID;

-- One row: the budget of requests to the upstream, shared by all sites, instances and jobs.
CREATE TABLE backfill_pace (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- the next free slot behind all that backfills have, those that wait included
  next_at REAL NOT NULL,
  -- the end of the last slot that a backfill used, or keeps for settling
  sent_to REAL NOT NULL,
  -- the end of the last slot of a settling, 0: none; a backfill that waits for a slot before it takes another one
  settle_to REAL NOT NULL,
  -- between slots, milliseconds; grows with each 429 and shrinks again with each request
  interval_ms REAL NOT NULL
) STRICT;

-- The Workflow instance that works on a site's days of a job, so that a dead one is noticed and replaced. One row per job and site;
-- only the instance that was appointed last may work.
CREATE TABLE backfill_instances (
  backfill_id TEXT NOT NULL REFERENCES backfill_jobs (backfill_id) ON DELETE CASCADE,
  site_id INTEGER NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
  -- earlier instances of this job and site
  number INTEGER NOT NULL,
  -- the first pending day when it was appointed
  day INTEGER NOT NULL,
  -- consecutive earlier instances that ended without finishing that day
  consecutive_failures INTEGER NOT NULL DEFAULT 0,
  appointed_at INTEGER NOT NULL,
  -- its id in the engine. Never reused, because the engine keeps the id of an instance that has ended.
  instance TEXT GENERATED ALWAYS AS (backfill_id || '-' || site_id || '-' || number) VIRTUAL,
  PRIMARY KEY (backfill_id, site_id)
) STRICT, WITHOUT ROWID;

-- Backfills that wait for the running one.
CREATE TABLE backfill_queue (
  -- ascends in the order of the requests
  n INTEGER PRIMARY KEY,
  backfill_id TEXT NOT NULL UNIQUE,
  -- inclusive
  start_day INTEGER NOT NULL,
  end_day INTEGER NOT NULL,
  -- JSON array of {id, name}
  sites TEXT NOT NULL,
  -- 1: fetches finished days again
  force_restart INTEGER NOT NULL,
  -- days that were finished by a job that started since then are not fetched again
  covered_since INTEGER NOT NULL,
  queued_at INTEGER NOT NULL
) STRICT;

-- Operations

-- One row per site and kind of alert, in the main database only. Written when its level changes and when an alert is sent.
CREATE TABLE alerts (
  -- a site's name; '': the whole deployment
  site TEXT NOT NULL,
  kind TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('firing', 'ok')),
  -- when the level began, and what was measured then
  since INTEGER NOT NULL,
  detail TEXT NOT NULL,
  -- the level that was sent last, and when each level was
  sent TEXT NOT NULL CHECK (sent IN ('firing', 'ok')),
  firing_sent_at INTEGER,
  ok_sent_at INTEGER,
  -- when a cron began to send the alert; NULL: no cron is sending it
  claimed_at INTEGER,
  PRIMARY KEY (site, kind)
) STRICT, WITHOUT ROWID;

-- One row per manual write that passed the access check, in the main database only. Kept for 400 days.
CREATE TABLE audit (
  at INTEGER NOT NULL,
  -- random: distinguishes rows of one millisecond
  id TEXT NOT NULL,
  -- JSON object {kind, name}: a token's name or an Access identity, never the token
  who TEXT NOT NULL,
  -- 'etl', 'backfill' or 'query'
  worker TEXT NOT NULL,
  -- method and path: 'POST /trigger'
  request TEXT NOT NULL,
  -- JSON object: the body, shortened
  parameters TEXT NOT NULL,
  -- HTTP status of the answer
  status INTEGER NOT NULL,
  -- code of the answer's problem; NULL: it had none
  code TEXT,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;

-- Counters that only grow: one row per site and job that calls the upstream.
CREATE TABLE site_counters (
  site_id INTEGER NOT NULL REFERENCES sites (id),
  -- 'sync', 'lists', 'points', 'gaps', 'import', 'backfill' or 'settle'
  job TEXT NOT NULL,
  -- JSON object {counter: count}
  counts TEXT NOT NULL,
  -- the run that was added last, so that a run whose answer was lost is not added twice
  last_run TEXT NOT NULL,
  PRIMARY KEY (site_id, job)
) STRICT, WITHOUT ROWID;

-- Views for people who query D1 directly, in the predecessor's shapes. Times are whole epoch seconds. Each view starts from points, so
-- a WHERE on site_name and point_name reads the rows of that point only. A row with damaged JSON is left out: it would fail the whole query.

-- Samples that are in no day file. SQLite converts the stored text to doubles; the Workers parse the text themselves.
CREATE VIEW timeseries_raw AS
SELECT site_name, point_name, time / 1000 AS timestamp, value FROM (
  SELECT *, row_number() OVER (PARTITION BY site_name, point_name, time ORDER BY asked DESC, key DESC) AS place FROM (
    SELECT s.name AS site_name, p.name AS point_name, h.day * 86400000 + CAST(e.key AS INTEGER) AS time, e.value, g.asked, g.key
    FROM sites s
    CROSS JOIN points p ON p.site_id = s.id
    CROSS JOIN (
      SELECT DISTINCT o.site_id, o.hour / 86400000 AS day, coalesce(f.settled_stamp, 0) AS settled
      FROM hot_hours o LEFT JOIN day_files f ON f.site_id = o.site_id AND f.day = o.hour / 86400000
    ) h ON h.site_id = s.id
    CROSS JOIN segments g ON g.key > (((((p.id >> 7) << 16) + h.day) << 24) + h.settled)
      AND g.key < ((((p.id >> 7) << 16) + h.day + 1) << 24)
    CROSS JOIN json_each(CASE WHEN json_valid(g.body, 8) THEN g.body END, '$."' || p.id || '"') e
  )
) WHERE place = 1;

-- The newest sample of each point.
CREATE VIEW v_latest_values AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  (l.body ->> ('$."' || p.id || '"[0]')) / 1000 AS timestamp,
  l.body ->> ('$."' || p.id || '"[1]') AS value,
  strftime('%Y-%m-%dT%H:%M:%SZ', (l.body ->> ('$."' || p.id || '"[0]')) / 1000, 'unixepoch') AS timestamp_utc
FROM sites s
CROSS JOIN points p ON p.site_id = s.id
CROSS JOIN (SELECT block, CASE WHEN json_valid(body) THEN body END AS body FROM block_latest) l ON l.block = p.id >> 7
WHERE l.body ->> ('$."' || p.id || '"[0]') IS NOT NULL;

-- Hours and days (UTC) of the days without a file, computed from their samples. SQL cannot read the aggregates of the other days;
-- `npm run sql` shows them in its view `hours`.
CREATE VIEW timeseries_agg AS
SELECT site_name, point_name, '1hr' AS interval, timestamp / 3600 * 3600 AS timestamp,
  avg(value) AS avg_value, min(value) AS min_value, max(value) AS max_value, count(*) AS sample_count
FROM timeseries_raw r
WHERE NOT EXISTS (
  SELECT 1 FROM sites s CROSS JOIN day_files f ON f.site_id = s.id AND f.day = r.timestamp / 86400
  WHERE s.name = r.site_name AND f.key IS NOT NULL
)
GROUP BY site_name, point_name, timestamp / 3600
UNION ALL
SELECT site_name, point_name, '1day', timestamp / 86400 * 86400, avg(value), min(value), max(value), count(*)
FROM timeseries_raw r
WHERE NOT EXISTS (
  SELECT 1 FROM sites s CROSS JOIN day_files f ON f.site_id = s.id AND f.day = r.timestamp / 86400
  WHERE s.name = r.site_name AND f.key IS NOT NULL
)
GROUP BY site_name, point_name, timestamp / 86400;

-- Judged days. A collected point that has no quality on a judged day had no samples, and has the score 0.
CREATE VIEW data_quality AS
SELECT
  site_name,
  point_name,
  strftime('%Y%m%d', day * 86400, 'unixepoch') AS date,
  CASE WHEN quality IS NULL THEN 86400 / interval_s ELSE quality ->> 1 END AS expected_samples,
  coalesce(quality ->> 2, 0) AS actual_samples,
  CASE WHEN quality IS NULL THEN 86400 / interval_s ELSE quality ->> 3 END AS missing_samples,
  CASE WHEN quality IS NULL THEN 0 ELSE (quality ->> 5) + (quality ->> 6) END AS outlier_count,
  CASE WHEN quality IS NULL THEN 0.0 ELSE quality ->> 0 END AS quality_score
FROM (
  SELECT s.name AS site_name, p.name AS point_name, q.day, p.interval_s, p.configured, p.first_seen,
    CASE WHEN json_valid(d.quality, 8) THEN d.quality -> ('$."' || p.id || '"') END AS quality,
    json_valid(d.quality, 8) = 0 AS is_damaged
  FROM sites s
  CROSS JOIN points p ON p.site_id = s.id
  CROSS JOIN quality_days q ON q.site_id = s.id
  LEFT JOIN block_days d ON d.key = ((p.id >> 4) << 16) + q.day
)
WHERE is_damaged IS NOT 1
  AND (quality IS NOT NULL OR (configured = 1 AND interval_s <= 86400 AND first_seen < (day + 1) * 86400000));

-- data_end is a lower bound, as points.last_seen is. total_samples counts the samples of judged days.
CREATE VIEW query_metadata AS
SELECT
  s.name AS site_name,
  p.name AS point_name,
  p.first_seen / 1000 AS data_start,
  p.last_seen / 1000 AS data_end,
  (SELECT coalesce(sum(CASE WHEN json_valid(d.quality, 8) THEN d.quality ->> ('$."' || p.id || '"[2]') END), 0) FROM block_days d
    WHERE d.key >= (p.id >> 4) << 16 AND d.key < ((p.id >> 4) + 1) << 16) AS total_samples,
  (SELECT max(q.judged_at) / 1000 FROM quality_days q WHERE q.site_id = s.id) AS last_aggregated
FROM sites s
CROSS JOIN points p ON p.site_id = s.id;
