-- What cumulative registers showed. Rows are only added: of one instant the row that was recorded last stands.
CREATE TABLE register_reads (
    device      BYTEA NOT NULL,
    channel     BIGINT NOT NULL,
    read_at     BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    counter     BIGINT NOT NULL,
    quality     BIGINT NOT NULL,
    PRIMARY KEY (device, channel, read_at, recorded_at),
    FOREIGN KEY (device) REFERENCES devices (id)
);
