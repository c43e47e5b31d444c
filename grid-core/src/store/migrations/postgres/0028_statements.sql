-- What was issued to members: the canonical text of each, and its place in the log. No row ever changes.
CREATE TABLE statements (
    id         BYTEA NOT NULL,
    settlement BYTEA NOT NULL,
    community  BYTEA NOT NULL,
    member     BYTEA NOT NULL,
    kind       TEXT NOT NULL,
    starts_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    leaf       BIGINT NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (leaf),
    FOREIGN KEY (settlement) REFERENCES settlements (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (member) REFERENCES members (id)
);
CREATE INDEX statements_of ON statements (community, starts_at);
