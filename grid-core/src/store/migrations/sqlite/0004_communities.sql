-- Neighbours who share what they generate.
CREATE TABLE communities (
    id         BLOB NOT NULL,
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
