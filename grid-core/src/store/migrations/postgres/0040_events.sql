-- What happened, for who listens: written with the thing itself. `number` is given by the first who looks, after the commit, so that
-- none comes behind one that was told; who may be told is one of `owner`, `community` and `device`.
CREATE TABLE events (
    id        BYTEA NOT NULL,
    number    BIGINT,
    kind      TEXT NOT NULL,
    owner     BYTEA,
    community BYTEA,
    device    BYTEA,
    payload   TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX events_by_number ON events (number);
