-- What devices and programs authenticate with; the key itself is kept by its owner alone.
CREATE TABLE api_keys (
    id           BLOB NOT NULL,
    hash         BLOB NOT NULL,
    owner        BLOB NOT NULL,
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    device       BLOB,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (id),
    UNIQUE (hash),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
CREATE INDEX api_keys_of_owner ON api_keys (owner, id);
