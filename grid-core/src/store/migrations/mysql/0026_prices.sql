-- Prices of energy that change by the hour, in millionths of the currency per kWh. Rows are only added: of two that
-- share an instant the later one counts there.
CREATE TABLE prices (
    community  BINARY(16) NOT NULL,
    name       VARCHAR(200) NOT NULL,
    starts_at  BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    price      BIGINT NOT NULL,
    currency   VARCHAR(191) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (community, name, starts_at, created_at),
    FOREIGN KEY (community) REFERENCES communities (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
