-- How many others are in this database, and the statement that empties every table of a database that was made to the end.
SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID();
SET SESSION group_concat_max_len = 65536;
SELECT CONCAT(
    'SET foreign_key_checks = 0; START TRANSACTION; ',
    GROUP_CONCAT('DELETE FROM ', table_name SEPARATOR '; '),
    '; COMMIT;')
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name <> '_sqlx_migrations'
HAVING MAX(table_name = 'made_for_tests') = 1;
