-- The keys that heads of the log are signed with, by the order in which they were added: the first one counts.
CREATE TABLE log_keys (
    place      BIGINT NOT NULL,
    kid        TEXT NOT NULL,
    pkcs8      BYTEA NOT NULL,
    sealed     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (place),
    UNIQUE (kid)
);
