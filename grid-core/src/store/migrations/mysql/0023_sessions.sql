-- Logins, and where the chain of their refresh tokens stands.
CREATE TABLE sessions (
    id               BINARY(16) NOT NULL,
    owner            BINARY(16) NOT NULL,
    client_id        LONGTEXT NOT NULL,
    scopes           LONGTEXT NOT NULL,
    address          LONGTEXT NOT NULL,
    user_agent       LONGTEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    used_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT,
    ended_why        VARCHAR(200),
    family_hash      BINARY(32) NOT NULL,
    current_hash     BINARY(32) NOT NULL,
    access_token     BINARY(16) NOT NULL,
    previous_hash    BINARY(32),
    previous_used_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id),
    INDEX sessions_of_owner (owner, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
