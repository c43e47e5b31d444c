-- Battery recordings; the files are in recording_parts.
CREATE TABLE recordings (
    id         BLOB NOT NULL,
    owner      BLOB NOT NULL,
    name       TEXT NOT NULL,
    format     TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    summary    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
CREATE INDEX recordings_of_owner ON recordings (owner, id);
