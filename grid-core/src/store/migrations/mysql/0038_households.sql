-- What users tell of their households, in the words of the system before this one: `NULL` is not told.
CREATE TABLE households (
    owner           BINARY(16) NOT NULL,
    energy_behavior VARCHAR(32),
    occupants       BIGINT,
    housing         VARCHAR(32),
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
