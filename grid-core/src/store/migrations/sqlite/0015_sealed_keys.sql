-- Whether `pkcs8` is encrypted with a key that the database does not have.
ALTER TABLE signing_keys ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
