-- What tokens are signed with.
CREATE TABLE signing_keys (
    kid        VARCHAR(200) NOT NULL,
    pkcs8      LONGBLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kid)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
