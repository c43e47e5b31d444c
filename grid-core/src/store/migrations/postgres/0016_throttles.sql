-- How often somebody has tried; `state` is the theoretical arrival time. Pruning reads the whole of it: it is small.
CREATE TABLE throttles (
    hash  BYTEA NOT NULL,
    state BIGINT,
    PRIMARY KEY (hash)
);
