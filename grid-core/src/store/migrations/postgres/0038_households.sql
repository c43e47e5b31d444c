-- What users tell of their households, in the words of the system before this one: `NULL` is not told.
CREATE TABLE households (
    owner           BYTEA NOT NULL,
    energy_behavior TEXT,
    occupants       BIGINT,
    housing         TEXT,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
);
