-- The number of the newest event that has one, in the one row that there is, made when it is first asked for.
CREATE TABLE event_numbers (
    slot BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (slot)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
