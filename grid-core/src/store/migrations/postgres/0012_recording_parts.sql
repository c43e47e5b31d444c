-- The file of a recording, in parts that fit into one packet.
CREATE TABLE recording_parts (
    recording BYTEA NOT NULL,
    part      BIGINT NOT NULL,
    content   BYTEA NOT NULL,
    PRIMARY KEY (recording, part),
    FOREIGN KEY (recording) REFERENCES recordings (id)
);
