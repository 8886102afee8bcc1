-- Lists of a site's points that are not believed, wholly or in part.

UPDATE schema_version SET version = 9;

-- the last list, where it left out too many points to be believed alone; JSON {at, listed, missing: [point id]}
ALTER TABLE sites ADD COLUMN held_list TEXT;
-- points of which the last list has entries that disagree
ALTER TABLE sites ADD COLUMN list_conflicts INTEGER NOT NULL DEFAULT 0;
