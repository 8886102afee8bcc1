-- The open window goes on from here without a cursor, epoch ms. NULL: no window is open.
ALTER TABLE sync_state ADD COLUMN window_from INTEGER;
UPDATE sync_state SET window_from = window_start;

-- Pages smaller than the setting. `page_size`: rows to ask for; NULL: the setting holds.
ALTER TABLE sync_state DROP COLUMN page_size_at;
-- how often a larger size failed in a row, and why: an error's kind, or http_ and the status
ALTER TABLE sync_state ADD COLUMN page_failures INTEGER;
ALTER TABLE sync_state ADD COLUMN page_reason TEXT;
-- when the next larger size is tried, epoch ms; NULL: `page_size` has not brought a page yet
ALTER TABLE sync_state ADD COLUMN page_retry_at INTEGER;

UPDATE schema_version SET version = 13;
