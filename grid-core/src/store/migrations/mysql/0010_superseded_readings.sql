-- Readings that others have replaced.
CREATE TABLE superseded_readings (
    id            BINARY(16) NOT NULL,
    device        BINARY(16) NOT NULL,
    channel       BIGINT NOT NULL,
    starts_at     BIGINT NOT NULL,
    ends_at       BIGINT NOT NULL,
    energy        BIGINT,
    quality       BIGINT NOT NULL,
    recorded_at   BIGINT NOT NULL,
    superseded_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (device, channel) REFERENCES channels (device, channel),
    INDEX superseded_readings_by_start (device, channel, starts_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
