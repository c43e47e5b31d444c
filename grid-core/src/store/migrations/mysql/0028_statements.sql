-- What was issued to members: the canonical text of each, and its place in the log. No row ever changes.
CREATE TABLE statements (
    id         BINARY(16) NOT NULL,
    settlement BINARY(16) NOT NULL,
    community  BINARY(16) NOT NULL,
    member     BINARY(16) NOT NULL,
    kind       VARCHAR(191) NOT NULL,
    starts_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    leaf       BIGINT NOT NULL,
    document   LONGTEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (leaf),
    FOREIGN KEY (settlement) REFERENCES settlements (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (member) REFERENCES members (id),
    KEY statements_of (community, starts_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
