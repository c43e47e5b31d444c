-- How many others are in this database, and the statement that empties every table of a database that was made to the end.
-- As one statement, because keys between tables are looked at when it ends.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid();
SELECT 'WITH ' || string_agg(format('emptied_%s AS (DELETE FROM %I)', number, table_name), ', ') || ' SELECT 0 LIMIT 0;'
FROM (
    SELECT row_number() OVER () AS number, table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'
) AS tables
HAVING bool_or(table_name = 'made_for_tests');
