-- Who may log in. `username_key` is the lower case of the name.
CREATE TABLE users (
    id           BINARY(16) NOT NULL,
    username     VARCHAR(200) NOT NULL,
    username_key VARCHAR(200) NOT NULL,
    email        VARCHAR(254) NOT NULL,
    password     LONGTEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (username_key),
    UNIQUE (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
