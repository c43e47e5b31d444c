-- What happened to cumulative registers: `rollover`, `exchange`, `reset`, and `register`, which says what is
-- known of the first one. Rows are only added: of one instant and kind the row that was recorded last stands.
CREATE TABLE register_events (
    device       BLOB NOT NULL,
    channel      INTEGER NOT NULL,
    happened_at  INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    recorded_at  INTEGER NOT NULL,
    shown_before INTEGER,
    shown_after  INTEGER,
    modulus      INTEGER,
    multiplier   TEXT,
    PRIMARY KEY (device, channel, happened_at, kind, recorded_at),
    FOREIGN KEY (device) REFERENCES devices (id)
) STRICT, WITHOUT ROWID;
