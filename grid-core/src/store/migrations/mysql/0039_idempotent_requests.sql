-- Requests that a client named by a key, and what they were answered: `status` is NULL while one runs, 0 where its outcome is not
-- known, else that of the answer; `hash` is of the key, the owner, the method and the path, `answer` is sealed.
CREATE TABLE idempotent_requests (
    hash        BINARY(32) NOT NULL,
    id          BINARY(16) NOT NULL,
    owner       BINARY(16) NOT NULL,
    begun_at    BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    status      BIGINT,
    fingerprint BINARY(32),
    answer      MEDIUMBLOB,
    PRIMARY KEY (hash),
    KEY idempotent_requests_by_end (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
