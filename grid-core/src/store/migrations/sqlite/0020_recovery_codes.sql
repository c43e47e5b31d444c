-- What stands in for a one-time code, once each.
CREATE TABLE recovery_codes (
    owner   BLOB NOT NULL,
    hash    BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (owner, hash),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
