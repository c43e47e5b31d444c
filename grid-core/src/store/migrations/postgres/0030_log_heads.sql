-- The signed heads of the log, and its right edge at each.
CREATE TABLE log_heads (
    size      BIGINT NOT NULL,
    signed_at BIGINT NOT NULL,
    edge      BYTEA NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (size)
);
