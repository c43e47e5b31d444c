-- The parties to a community. `account` is the user who sees it as theirs.
CREATE TABLE members (
    id         BLOB NOT NULL,
    community  BLOB NOT NULL,
    name       TEXT NOT NULL,
    account    BLOB,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (community, name),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (account) REFERENCES users (id)
) STRICT;
CREATE INDEX members_of_account ON members (account, community);
