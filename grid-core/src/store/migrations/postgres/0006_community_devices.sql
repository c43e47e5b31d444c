-- Which devices count in a community, and for which member.
CREATE TABLE community_devices (
    community BYTEA NOT NULL,
    device    BYTEA NOT NULL,
    member    BYTEA NOT NULL,
    added_at  BIGINT NOT NULL,
    PRIMARY KEY (community, device),
    FOREIGN KEY (community) REFERENCES communities (id),
    FOREIGN KEY (device) REFERENCES devices (id),
    FOREIGN KEY (member) REFERENCES members (id)
);
CREATE INDEX community_devices_of_device ON community_devices (device);
CREATE INDEX community_devices_of_member ON community_devices (member);
