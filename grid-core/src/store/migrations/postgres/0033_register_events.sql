-- What happened to cumulative registers: `rollover`, `exchange`, `reset`, and `register`, which says what is
-- known of the first one. Rows are only added: of one instant and kind the row that was recorded last stands.
CREATE TABLE register_events (
    device       BYTEA NOT NULL,
    channel      BIGINT NOT NULL,
    happened_at  BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    shown_before BIGINT,
    shown_after  BIGINT,
    modulus      BIGINT,
    multiplier   TEXT,
    PRIMARY KEY (device, channel, happened_at, kind, recorded_at),
    FOREIGN KEY (device) REFERENCES devices (id)
);
