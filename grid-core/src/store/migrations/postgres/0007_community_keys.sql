-- How a community shares, from when on. Rows are only added.
CREATE TABLE community_keys (
    id         BYTEA NOT NULL,
    community  BYTEA NOT NULL,
    kind       TEXT NOT NULL,
    shares     TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
);
CREATE INDEX community_keys_by_time ON community_keys (community, valid_from, created_at);
