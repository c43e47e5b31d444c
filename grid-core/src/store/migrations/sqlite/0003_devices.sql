-- Whatever has a register. `rated_power` is in milliwatts.
CREATE TABLE devices (
    id          BLOB NOT NULL,
    owner       BLOB NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    zone        TEXT NOT NULL,
    rated_power INTEGER,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
CREATE INDEX devices_of_owner ON devices (owner, id);
