-- Settled periods: what the statements that were issued then come to.
CREATE TABLE settlements (
    id        BYTEA NOT NULL,
    community BYTEA NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    as_of     BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    account   TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
);
CREATE INDEX settlements_of ON settlements (community, starts_at);
