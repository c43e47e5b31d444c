-- Tokens that ended before their time: 1 of a session, 2 one token, 3 of a user.
CREATE TABLE revocations (
    kind         BIGINT NOT NULL,
    id           BINARY(16) NOT NULL,
    said_at      BIGINT NOT NULL,
    forgotten_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
