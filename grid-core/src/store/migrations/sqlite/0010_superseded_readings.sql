-- Readings that others have replaced.
CREATE TABLE superseded_readings (
    id            BLOB NOT NULL,
    device        BLOB NOT NULL,
    channel       INTEGER NOT NULL,
    starts_at     INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL,
    energy        INTEGER,
    quality       INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (device, channel) REFERENCES channels (device, channel)
) STRICT;
CREATE INDEX superseded_readings_by_start ON superseded_readings (device, channel, starts_at);
