-- What was issued to members: the canonical text of each, and its place in the log. No row ever changes.
CREATE TABLE statements (
    id         BLOB NOT NULL,
    settlement BLOB NOT NULL,
    community  BLOB NOT NULL,
    member     BLOB NOT NULL,
    kind       TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL,
    leaf       INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (leaf),
    FOREIGN KEY (settlement) REFERENCES settlements (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (member) REFERENCES members (id)
) STRICT;
CREATE INDEX statements_of ON statements (community, starts_at);
