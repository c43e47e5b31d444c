-- How often somebody has tried; `state` is the theoretical arrival time. Pruning reads the whole of it: it is small.
CREATE TABLE throttles (
    hash  BINARY(32) NOT NULL,
    state BIGINT,
    PRIMARY KEY (hash)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
