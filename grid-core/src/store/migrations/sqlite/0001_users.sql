-- Who may log in. `username_key` is the lower case of the name.
CREATE TABLE users (
    id           BLOB NOT NULL,
    username     TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email        TEXT NOT NULL,
    password     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (username_key),
    UNIQUE (email)
) STRICT;
