-- How full each user's battery was, as clients of the old paths tell it: one row an instant, in parts per million and milliwatt-hours.
CREATE TABLE battery_levels (
    owner       BLOB NOT NULL,
    measured_at INTEGER NOT NULL,
    level_ppm   INTEGER NOT NULL,
    capacity    INTEGER NOT NULL,
    available   INTEGER NOT NULL,
    PRIMARY KEY (owner, measured_at),
    FOREIGN KEY (owner) REFERENCES users (id)
) STRICT;
