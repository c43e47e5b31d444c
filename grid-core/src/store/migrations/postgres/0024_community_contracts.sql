-- What a community has agreed beside its keys and tariffs, since when; rows are only added.
CREATE TABLE community_contracts (
    id         BYTEA NOT NULL,
    community  BYTEA NOT NULL,
    document   TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id)
);
CREATE INDEX community_contracts_from ON community_contracts (community, valid_from);
