-- The same for what a community agrees on and whom its devices count for.
ALTER TABLE communities ADD COLUMN settled_as_of BIGINT;
