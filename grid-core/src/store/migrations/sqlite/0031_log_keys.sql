-- The keys that heads of the log are signed with, by the order in which they were added: the first one counts.
CREATE TABLE log_keys (
    place      INTEGER NOT NULL,
    kid        TEXT NOT NULL,
    pkcs8      BLOB NOT NULL,
    sealed     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (place),
    UNIQUE (kid)
) STRICT;
