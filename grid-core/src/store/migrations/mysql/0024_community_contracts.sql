-- What a community has agreed beside its keys and tariffs, since when; rows are only added.
CREATE TABLE community_contracts (
    id         BINARY(16) NOT NULL,
    community  BINARY(16) NOT NULL,
    document   LONGTEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    KEY community_contracts_from (community, valid_from)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
