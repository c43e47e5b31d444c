-- What stands in for a one-time code, once each.
CREATE TABLE recovery_codes (
    owner   BINARY(16) NOT NULL,
    hash    BINARY(32) NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (owner, hash),
    FOREIGN KEY (owner) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
