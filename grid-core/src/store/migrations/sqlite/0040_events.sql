-- What happened, for who listens: written with the thing itself. `number` is given by the first who looks, after the commit, so that
-- none comes behind one that was told; who may be told is one of `owner`, `community` and `device`.
CREATE TABLE events (
    id        BLOB NOT NULL,
    number    INTEGER,
    kind      TEXT NOT NULL,
    owner     BLOB,
    community BLOB,
    device    BLOB,
    payload   TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_number ON events (number);
