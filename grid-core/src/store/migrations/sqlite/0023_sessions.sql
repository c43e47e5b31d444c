-- Logins, and where the chain of their refresh tokens stands.
CREATE TABLE sessions (
    id               BLOB NOT NULL,
    owner            BLOB NOT NULL,
    client_id        TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    address          TEXT NOT NULL,
    user_agent       TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    used_at          INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    ended_why        TEXT,
    family_hash      BLOB NOT NULL,
    current_hash     BLOB NOT NULL,
    access_token     BLOB NOT NULL,
    previous_hash    BLOB,
    previous_used_at INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
CREATE INDEX sessions_of_owner ON sessions (owner, id);
