-- The secret that a user's one-time codes come from, and the last step that was used.
CREATE TABLE second_factors (
    owner        BYTEA NOT NULL,
    secret       BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step    BIGINT,
    PRIMARY KEY (owner),
    FOREIGN KEY (owner) REFERENCES users (id)
);
