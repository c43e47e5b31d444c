-- Prices of energy that change by the hour, in millionths of the currency per kWh. Rows are only added: of two that
-- share an instant the later one counts there.
CREATE TABLE prices (
    community  BYTEA NOT NULL,
    name       TEXT NOT NULL,
    starts_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    price      BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (community, name, starts_at, created_at),
    FOREIGN KEY (community) REFERENCES communities (id)
);
