-- What devices and programs authenticate with; the key itself is kept by its owner alone.
CREATE TABLE api_keys (
    id           BINARY(16) NOT NULL,
    hash         BINARY(32) NOT NULL,
    owner        BINARY(16) NOT NULL,
    name         VARCHAR(200) NOT NULL,
    hint         VARCHAR(200) NOT NULL,
    scopes       LONGTEXT NOT NULL,
    device       BINARY(16),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (id),
    UNIQUE (hash),
    FOREIGN KEY (owner) REFERENCES users (id),
    INDEX api_keys_of_owner (owner, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
