-- Tokens that ended before their time: 1 of a session, 2 one token, 3 of a user.
CREATE TABLE revocations (
    kind         INTEGER NOT NULL,
    id           BLOB NOT NULL,
    said_at      INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
