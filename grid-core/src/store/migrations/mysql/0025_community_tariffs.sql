-- The tariffs of a community, for one member or for all; rows are only added.
CREATE TABLE community_tariffs (
    id         BINARY(16) NOT NULL,
    community  BINARY(16) NOT NULL,
    member     BINARY(16),
    valid_from VARCHAR(191) NOT NULL,
    document   LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (member) REFERENCES members (id),
    KEY community_tariffs_of (community, created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
