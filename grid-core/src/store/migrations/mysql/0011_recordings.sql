-- Battery recordings; the files are in recording_parts.
CREATE TABLE recordings (
    id         BINARY(16) NOT NULL,
    owner      BINARY(16) NOT NULL,
    name       VARCHAR(200) NOT NULL,
    format     VARCHAR(200) NOT NULL,
    size_bytes BIGINT NOT NULL,
    summary    LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (owner) REFERENCES users (id),
    INDEX recordings_of_owner (owner, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
