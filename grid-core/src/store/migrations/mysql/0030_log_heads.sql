-- The signed heads of the log, and its right edge at each.
CREATE TABLE log_heads (
    size      BIGINT NOT NULL,
    signed_at BIGINT NOT NULL,
    edge      BLOB NOT NULL,
    document  LONGTEXT NOT NULL,
    PRIMARY KEY (size)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
