-- Whatever has a register. `rated_power` is in milliwatts.
CREATE TABLE devices (
    id          BINARY(16) NOT NULL,
    owner       BINARY(16) NOT NULL,
    name        VARCHAR(200) NOT NULL,
    kind        VARCHAR(200) NOT NULL,
    zone        VARCHAR(200) NOT NULL,
    rated_power BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id),
    INDEX devices_of_owner (owner, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
