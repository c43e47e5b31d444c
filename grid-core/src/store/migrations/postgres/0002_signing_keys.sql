-- What tokens are signed with.
CREATE TABLE signing_keys (
    kid        TEXT NOT NULL,
    pkcs8      BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kid)
);
