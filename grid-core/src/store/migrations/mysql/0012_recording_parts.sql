-- The file of a recording, in parts that fit into one packet.
CREATE TABLE recording_parts (
    recording BINARY(16) NOT NULL,
    part      BIGINT NOT NULL,
    content   LONGBLOB NOT NULL,
    PRIMARY KEY (recording, part),
    FOREIGN KEY (recording) REFERENCES recordings (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
