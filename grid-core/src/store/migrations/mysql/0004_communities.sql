-- Neighbours who share what they generate.
CREATE TABLE communities (
    id         BINARY(16) NOT NULL,
    name       VARCHAR(200) NOT NULL,
    zone       VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
