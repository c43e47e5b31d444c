-- Settled periods: what the statements that were issued then come to.
CREATE TABLE settlements (
    id        BINARY(16) NOT NULL,
    community BINARY(16) NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    as_of     BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    account   LONGTEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    KEY settlements_of (community, starts_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
