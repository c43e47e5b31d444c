-- The parties to a community. `account` is the user who sees it as theirs.
CREATE TABLE members (
    id         BINARY(16) NOT NULL,
    community  BINARY(16) NOT NULL,
    name       VARCHAR(200) NOT NULL,
    account    BINARY(16),
    role       VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (community, name),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (account) REFERENCES users (id),
    INDEX members_of_account (account, community)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
