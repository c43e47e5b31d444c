-- Readings that others have replaced.
CREATE TABLE superseded_readings (
    id            BYTEA NOT NULL,
    device        BYTEA NOT NULL,
    channel       BIGINT NOT NULL,
    starts_at     BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,
    energy        BIGINT,
    quality       BIGINT NOT NULL,
    recorded_at   BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (device, channel) REFERENCES channels (device, channel)
);
CREATE INDEX superseded_readings_by_start ON superseded_readings (device, channel, starts_at);
