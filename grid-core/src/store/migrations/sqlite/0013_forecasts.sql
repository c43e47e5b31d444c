-- What was forecast, and from what.
CREATE TABLE forecasts (
    id         BLOB NOT NULL,
    owner      BLOB NOT NULL,
    device     BLOB,
    request    TEXT NOT NULL,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
CREATE INDEX forecasts_of_owner ON forecasts (owner, id);
