-- How full each user's battery was, as clients of the old paths tell it: one row an instant, in parts per million and milliwatt-hours.
CREATE TABLE battery_levels (
    owner       BYTEA NOT NULL,
    measured_at BIGINT NOT NULL,
    level_ppm   BIGINT NOT NULL,
    capacity    BIGINT NOT NULL,
    available   BIGINT NOT NULL,
    PRIMARY KEY (owner, measured_at),
    FOREIGN KEY (owner) REFERENCES users (id)
);
