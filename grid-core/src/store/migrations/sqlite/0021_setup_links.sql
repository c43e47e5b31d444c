-- The link that makes the first administrator: one at a time, so `slot` is always 1.
CREATE TABLE setup_links (
    slot       INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (slot)
) STRICT, WITHOUT ROWID;
