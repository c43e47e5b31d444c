-- The complete subtrees of the log of statements (RFC 9162), by height and place.
CREATE TABLE log_nodes (
    height INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    PRIMARY KEY (height, place)
) STRICT;
