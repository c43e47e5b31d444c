-- Who did what. Rows are added, and never changed.
CREATE TABLE audit_entries (
    id          BINARY(16) NOT NULL,
    happened_at BIGINT NOT NULL,
    actor       BINARY(16),
    actor_name  LONGTEXT NOT NULL,
    action      VARCHAR(200) NOT NULL,
    target      LONGTEXT NOT NULL,
    succeeded   BIGINT NOT NULL,
    reason      LONGTEXT,
    address     LONGTEXT NOT NULL,
    token_hash  BINARY(32),
    request_id  LONGTEXT NOT NULL,
    PRIMARY KEY (id),
    INDEX audit_entries_of_actor (actor, id),
    INDEX audit_entries_of_action (action, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
