-- The file of a recording, in parts that fit into one packet.
CREATE TABLE recording_parts (
    recording BLOB NOT NULL,
    part      INTEGER NOT NULL,
    content   BLOB NOT NULL,
    PRIMARY KEY (recording, part),
    FOREIGN KEY (recording) REFERENCES recordings (id)
) STRICT;
