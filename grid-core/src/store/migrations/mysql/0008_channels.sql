-- What a device counts; the row is the lock of its readings. `reach` is the most UTC days that a
-- reading goes beyond the day of its start, `first_start` and `last_end` are where the readings begin
-- and end.
CREATE TABLE channels (
    device      BINARY(16) NOT NULL,
    channel     BIGINT NOT NULL,
    reach       BIGINT NOT NULL,
    first_start BIGINT,
    last_end    BIGINT,
    PRIMARY KEY (device, channel),
    FOREIGN KEY (device) REFERENCES devices (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
