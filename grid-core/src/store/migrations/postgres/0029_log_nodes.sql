-- The complete subtrees of the log of statements (RFC 9162), by height and place.
CREATE TABLE log_nodes (
    height BIGINT NOT NULL,
    place  BIGINT NOT NULL,
    hash   BYTEA NOT NULL,
    PRIMARY KEY (height, place)
);
