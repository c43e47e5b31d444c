-- How a community shares, from when on. Rows are only added.
CREATE TABLE community_keys (
    id         BLOB NOT NULL,
    community  BLOB NOT NULL,
    kind       TEXT NOT NULL,
    shares     TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
) STRICT;
CREATE INDEX community_keys_by_time ON community_keys (community, valid_from, created_at);
