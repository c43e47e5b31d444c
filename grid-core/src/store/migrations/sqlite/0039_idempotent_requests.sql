-- Requests that a client named by a key, and what they were answered: `status` is NULL while one runs, 0 where its outcome is not
-- known, else that of the answer; `hash` is of the key, the owner, the method and the path, `answer` is sealed.
CREATE TABLE idempotent_requests (
    hash        BLOB NOT NULL,
    id          BLOB NOT NULL,
    owner       BLOB NOT NULL,
    begun_at    INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    status      INTEGER,
    fingerprint BLOB,
    answer      BLOB,
    PRIMARY KEY (hash)
) STRICT;
CREATE INDEX idempotent_requests_by_end ON idempotent_requests (expires_at);
