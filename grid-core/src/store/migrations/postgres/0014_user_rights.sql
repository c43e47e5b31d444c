-- What a user may do beyond their own, and since when they may not log in.
ALTER TABLE users
    ADD COLUMN administrator BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN disabled_at BIGINT;
