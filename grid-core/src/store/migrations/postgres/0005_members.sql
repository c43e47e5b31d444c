-- The parties to a community. `account` is the user who sees it as theirs.
CREATE TABLE members (
    id         BYTEA NOT NULL,
    community  BYTEA NOT NULL,
    name       TEXT NOT NULL,
    account    BYTEA,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (community, name),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (account) REFERENCES users (id)
);
CREATE INDEX members_of_account ON members (account, community);
