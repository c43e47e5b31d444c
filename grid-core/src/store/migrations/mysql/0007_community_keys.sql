-- How a community shares, from when on. Rows are only added.
CREATE TABLE community_keys (
    id         BINARY(16) NOT NULL,
    community  BINARY(16) NOT NULL,
    kind       VARCHAR(200) NOT NULL,
    shares     LONGTEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (community) REFERENCES communities (id),
    INDEX community_keys_by_time (community, valid_from, created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
