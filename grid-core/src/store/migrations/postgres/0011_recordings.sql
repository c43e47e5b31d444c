-- Battery recordings; the files are in recording_parts.
CREATE TABLE recordings (
    id         BYTEA NOT NULL,
    owner      BYTEA NOT NULL,
    name       TEXT NOT NULL,
    format     TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    summary    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
);
CREATE INDEX recordings_of_owner ON recordings (owner, id);
