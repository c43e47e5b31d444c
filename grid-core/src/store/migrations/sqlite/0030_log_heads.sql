-- The signed heads of the log, and its right edge at each.
CREATE TABLE log_heads (
    size      INTEGER NOT NULL,
    signed_at INTEGER NOT NULL,
    edge      BLOB NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (size)
) STRICT;
