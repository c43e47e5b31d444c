-- The complete subtrees of the log of statements (RFC 9162), by height and place.
CREATE TABLE log_nodes (
    height BIGINT NOT NULL,
    place  BIGINT NOT NULL,
    hash   BINARY(32) NOT NULL,
    PRIMARY KEY (height, place)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
