-- Logins, and where the chain of their refresh tokens stands.
CREATE TABLE sessions (
    id               BYTEA NOT NULL,
    owner            BYTEA NOT NULL,
    client_id        TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    address          TEXT NOT NULL,
    user_agent       TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    used_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT,
    ended_why        TEXT,
    family_hash      BYTEA NOT NULL,
    current_hash     BYTEA NOT NULL,
    access_token     BYTEA NOT NULL,
    previous_hash    BYTEA,
    previous_used_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
);
CREATE INDEX sessions_of_owner ON sessions (owner, id);
