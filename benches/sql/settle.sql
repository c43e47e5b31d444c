-- What autovacuum does by itself after a while.
VACUUM (ANALYZE) users, devices, channels, reading_days;
