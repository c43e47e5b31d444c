-- What stands in for a one-time code, once each.
CREATE TABLE recovery_codes (
    owner   BYTEA NOT NULL,
    hash    BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (owner, hash),
    FOREIGN KEY (owner) REFERENCES users (id)
);
