-- What tokens are signed with.
CREATE TABLE signing_keys (
    kid        TEXT NOT NULL,
    pkcs8      BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kid)
) STRICT, WITHOUT ROWID;
