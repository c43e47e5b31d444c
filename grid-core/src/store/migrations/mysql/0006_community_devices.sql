-- Which devices count in a community, and for which member.
CREATE TABLE community_devices (
    community BINARY(16) NOT NULL,
    device    BINARY(16) NOT NULL,
    member    BINARY(16) NOT NULL,
    added_at  BIGINT NOT NULL,
    PRIMARY KEY (community, device),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (device) REFERENCES devices (id),
    FOREIGN KEY (member) REFERENCES members (id),
    INDEX community_devices_of_device (device),
    INDEX community_devices_of_member (member)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
