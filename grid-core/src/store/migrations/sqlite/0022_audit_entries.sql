-- Who did what. Rows are added, and never changed.
CREATE TABLE audit_entries (
    id          BLOB NOT NULL,
    happened_at INTEGER NOT NULL,
    actor       BLOB,
    actor_name  TEXT NOT NULL,
    action      TEXT NOT NULL,
    target      TEXT NOT NULL,
    succeeded   INTEGER NOT NULL,
    reason      TEXT,
    address     TEXT NOT NULL,
    token_hash  BLOB,
    request_id  TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX audit_entries_of_actor ON audit_entries (actor, id);
CREATE INDEX audit_entries_of_action ON audit_entries (action, id);
