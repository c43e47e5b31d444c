-- The tariffs of a community, for one member or for all; rows are only added.
CREATE TABLE community_tariffs (
    id         BLOB NOT NULL,
    community  BLOB NOT NULL,
    member     BLOB,
    valid_from TEXT NOT NULL,
    document   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (member) REFERENCES members (id)
) STRICT;
CREATE INDEX community_tariffs_of ON community_tariffs (community, created_at);
