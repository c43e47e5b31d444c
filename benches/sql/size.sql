-- What the database takes on disk, and the packed days of it.
SELECT pg_size_pretty(pg_database_size(current_database())) || ', of which reading_days '
    || pg_size_pretty(pg_table_size('reading_days')) || ' and its index ' || pg_size_pretty(pg_indexes_size('reading_days'))
    || '; ' || (SELECT SUM(readings) FROM reading_days) || ' readings in ' || (SELECT COUNT(*) FROM reading_days) || ' days, '
    || (SELECT ROUND(SUM(LENGTH(packed)) / SUM(readings), 2) FROM reading_days) || ' bytes a reading packed';
