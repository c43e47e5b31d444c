-- The readings that begin on one UTC day (counted from 1970-01-01), packed in `packed`; the other
-- columns sum them up. Energy is in milliwatt-hours, `quality` is the worst one.
CREATE TABLE reading_days (
    device   BYTEA NOT NULL,
    channel  BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    energy   BIGINT NOT NULL,
    readings BIGINT NOT NULL,
    quality  BIGINT NOT NULL,
    packed   BYTEA NOT NULL,
    PRIMARY KEY (device, channel, day),
    FOREIGN KEY (device, channel) REFERENCES channels (device, channel)
);
