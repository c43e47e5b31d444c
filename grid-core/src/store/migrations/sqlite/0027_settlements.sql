-- Settled periods: what the statements that were issued then come to.
CREATE TABLE settlements (
    id        BLOB NOT NULL,
    community BLOB NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    as_of     INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    account   TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
) STRICT;
CREATE INDEX settlements_of ON settlements (community, starts_at);
