-- What happened, for who listens: written with the thing itself. `number` is given by the first who looks, after the commit, so that
-- none comes behind one that was told; who may be told is one of `owner`, `community` and `device`.
CREATE TABLE events (
    id        BINARY(16) NOT NULL,
    number    BIGINT,
    kind      VARCHAR(32) NOT NULL,
    owner     BINARY(16),
    community BINARY(16),
    device    BINARY(16),
    payload   TEXT NOT NULL,
    PRIMARY KEY (id),
    KEY events_by_number (number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
