-- The keys that heads of the log are signed with, by the order in which they were added: the first one counts.
CREATE TABLE log_keys (
    place      BIGINT NOT NULL,
    kid        VARCHAR(191) NOT NULL,
    pkcs8      BLOB NOT NULL,
    sealed     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (place),
    UNIQUE (kid)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
