-- What users tell of their households, in the words of the system before this one: `NULL` is not told.
CREATE TABLE households (
    owner           BLOB NOT NULL,
    energy_behavior TEXT,
    occupants       INTEGER,
    housing         TEXT,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
