-- What a device counts; the row is the lock of its readings. `reach` is the most UTC days that a
-- reading goes beyond the day of its start, `first_start` and `last_end` are where the readings begin
-- and end.
CREATE TABLE channels (
    device      BLOB NOT NULL,
    channel     INTEGER NOT NULL,
    reach       INTEGER NOT NULL,
    first_start INTEGER,
    last_end    INTEGER,
    PRIMARY KEY (device, channel),
    FOREIGN KEY (device) REFERENCES devices (id)
) STRICT, WITHOUT ROWID;
