-- What was forecast, and from what.
CREATE TABLE forecasts (
    id         BYTEA NOT NULL,
    owner      BYTEA NOT NULL,
    device     BYTEA,
    request    TEXT NOT NULL,
    result     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id)
);
CREATE INDEX forecasts_of_owner ON forecasts (owner, id);
