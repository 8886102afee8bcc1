-- How late a site's data comes.

UPDATE schema_version SET version = 16;

-- Half of the points that still send have brought samples up to here, epoch ms. Windows begin before it where all data comes late.
-- NULL: no window has ended yet
ALTER TABLE sync_state ADD COLUMN served_to INTEGER;
-- time of the newest sample that a window brought, epoch ms; NULL: none has
ALTER TABLE sync_state ADD COLUMN newest_sample INTEGER;
