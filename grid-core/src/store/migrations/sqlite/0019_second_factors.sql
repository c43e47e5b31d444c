-- The secret that a user's one-time codes come from, and the last step that was used.
CREATE TABLE second_factors (
    owner        BLOB NOT NULL,
    secret       BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step    INTEGER,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
