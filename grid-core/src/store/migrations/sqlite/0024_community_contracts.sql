-- What a community has agreed beside its keys and tariffs, since when; rows are only added.
CREATE TABLE community_contracts (
    id         BLOB NOT NULL,
    community  BLOB NOT NULL,
    document   TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
) STRICT;
CREATE INDEX community_contracts_from ON community_contracts (community, valid_from);
