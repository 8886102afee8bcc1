-- A gap that samples are coming for is asked for to its end, whatever stops in between.

UPDATE schema_version SET version = 8;

-- up to where the upstream was asked to the end since samples came: what follows is a gap, however short, until that was
-- asked for too; NULL: none came, or all that there are
ALTER TABLE gaps ADD COLUMN filled_to INTEGER;
