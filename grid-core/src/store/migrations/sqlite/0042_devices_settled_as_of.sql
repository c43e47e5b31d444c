-- Up to when what is recorded of a device may have been settled: whatever is recorded from then on is recorded as later.
ALTER TABLE devices ADD COLUMN settled_as_of INTEGER;
