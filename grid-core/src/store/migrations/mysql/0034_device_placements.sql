-- Which member of a community a device counts for, and when. Rows are only added: where two of a device meet, the one
-- that was recorded later counts. Without `member` the device counts for nobody; without `valid_from` a row goes back to
-- the beginning, and without `valid_until` it has no end.
CREATE TABLE device_placements (
    community   BINARY(16) NOT NULL,
    device      BINARY(16) NOT NULL,
    recorded_at BIGINT NOT NULL,
    member      BINARY(16),
    valid_from  BIGINT,
    valid_until BIGINT,
    PRIMARY KEY (community, device, recorded_at),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (device) REFERENCES devices (id),
    FOREIGN KEY (member) REFERENCES members (id),
    INDEX device_placements_of_device (device),
    INDEX device_placements_of_member (member)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
