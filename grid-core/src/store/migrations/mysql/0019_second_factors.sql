-- The secret that a user's one-time codes come from, and the last step that was used.
CREATE TABLE second_factors (
    owner        BINARY(16) NOT NULL,
    secret       LONGBLOB NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step    BIGINT,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
