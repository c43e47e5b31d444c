-- Neighbours who share what they generate.
CREATE TABLE communities (
    id         BYTEA NOT NULL,
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
