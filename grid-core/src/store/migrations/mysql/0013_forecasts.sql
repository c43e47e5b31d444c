-- What was forecast, and from what.
CREATE TABLE forecasts (
    id         BINARY(16) NOT NULL,
    owner      BINARY(16) NOT NULL,
    device     BINARY(16),
    request    LONGTEXT NOT NULL,
    result     LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id),
    INDEX forecasts_of_owner (owner, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
