-- Requests that a client named by a key, and what they were answered: `status` is NULL while one runs, 0 where its outcome is not
-- known, else that of the answer; `hash` is of the key, the owner, the method and the path, `answer` is sealed.
CREATE TABLE idempotent_requests (
    hash        BYTEA NOT NULL,
    id          BYTEA NOT NULL,
    owner       BYTEA NOT NULL,
    begun_at    BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    status      BIGINT,
    fingerprint BYTEA,
    answer      BYTEA,
    PRIMARY KEY (hash)
);
CREATE INDEX idempotent_requests_by_end ON idempotent_requests (expires_at);
