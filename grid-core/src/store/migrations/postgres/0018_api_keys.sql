-- What devices and programs authenticate with; the key itself is kept by its owner alone.
CREATE TABLE api_keys (
    id           BYTEA NOT NULL,
    hash         BYTEA NOT NULL,
    owner        BYTEA NOT NULL,
    name         TEXT NOT NULL,
    hint         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    device       BYTEA,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (id),
    UNIQUE (hash),
    FOREIGN KEY (owner) REFERENCES users (id)
);
CREATE INDEX api_keys_of_owner ON api_keys (owner, id);
