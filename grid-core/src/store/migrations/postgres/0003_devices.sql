-- Whatever has a register. `rated_power` is in milliwatts.
CREATE TABLE devices (
    id          BYTEA NOT NULL,
    owner       BYTEA NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    zone        TEXT NOT NULL,
    rated_power BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
);
CREATE INDEX devices_of_owner ON devices (owner, id);
