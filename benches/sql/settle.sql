-- What autovacuum does by itself after a while.
VACUUM (ANALYZE);
CHECKPOINT;
