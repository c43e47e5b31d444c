-- The link that makes the first administrator: one at a time, so `slot` is always 1.
CREATE TABLE setup_links (
    slot       BIGINT NOT NULL,
    hash       BINARY(32) NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (slot)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
