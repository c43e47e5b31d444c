-- The number of the newest event that has one, in the one row that there is, made when it is first asked for.
CREATE TABLE event_numbers (
    slot INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (slot)
) STRICT;
