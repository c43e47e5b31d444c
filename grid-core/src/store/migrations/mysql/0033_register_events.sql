-- What happened to cumulative registers: `rollover`, `exchange`, `reset`, and `register`, which says what is
-- known of the first one. Rows are only added: of one instant and kind the row that was recorded last stands.
CREATE TABLE register_events (
    device       BINARY(16) NOT NULL,
    channel      BIGINT NOT NULL,
    happened_at  BIGINT NOT NULL,
    kind         VARCHAR(40) NOT NULL,
    recorded_at  BIGINT NOT NULL,
    shown_before BIGINT,
    shown_after  BIGINT,
    modulus      BIGINT,
    multiplier   VARCHAR(40),
    PRIMARY KEY (device, channel, happened_at, kind, recorded_at),
    FOREIGN KEY (device) REFERENCES devices (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
