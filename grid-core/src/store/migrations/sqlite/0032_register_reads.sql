-- What cumulative registers showed. Rows are only added: of one instant the row that was recorded last stands.
CREATE TABLE register_reads (
    device      BLOB NOT NULL,
    channel     INTEGER NOT NULL,
    read_at     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    quality     INTEGER NOT NULL,
    PRIMARY KEY (device, channel, read_at, recorded_at),
    FOREIGN KEY (device) REFERENCES devices (id)
) STRICT, WITHOUT ROWID;
