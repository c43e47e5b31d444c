-- Who did what. Rows are added, and never changed.
CREATE TABLE audit_entries (
    id          BYTEA NOT NULL,
    happened_at BIGINT NOT NULL,
    actor       BYTEA,
    actor_name  TEXT NOT NULL,
    action      TEXT NOT NULL,
    target      TEXT NOT NULL,
    succeeded   BIGINT NOT NULL,
    reason      TEXT,
    address     TEXT NOT NULL,
    token_hash  BYTEA,
    request_id  TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX audit_entries_of_actor ON audit_entries (actor, id);
CREATE INDEX audit_entries_of_action ON audit_entries (action, id);
