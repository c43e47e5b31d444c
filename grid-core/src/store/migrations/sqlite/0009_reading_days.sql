-- The readings that begin on one UTC day (counted from 1970-01-01), packed in `packed`; the other
-- columns sum them up. Energy is in milliwatt-hours, `quality` is the worst one.
CREATE TABLE reading_days (
    device   BLOB NOT NULL,
    channel  INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    energy   INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    quality  INTEGER NOT NULL,
    packed   BLOB NOT NULL,
    PRIMARY KEY (device, channel, day),
    FOREIGN KEY (device, channel) REFERENCES channels (device, channel)
) STRICT, WITHOUT ROWID;
