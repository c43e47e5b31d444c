-- Optional, PostgreSQL 13 or later: keeps the packed days in one partition a month. docs/deploy/scale.md says when.
-- Run it as the user who migrates, the first time while no server runs; a second run only adds the months that have come.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 --single-transaction -f deploy/sql/partitions.sql

-- Makes the months that are missing between two days, and moves into them what lay in the partition of the others.
CREATE OR REPLACE FUNCTION grid_partition_months(first DATE, beyond DATE) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE
    epoch CONSTANT DATE := DATE '1970-01-01';
    month DATE := date_trunc('month', first);
    next  DATE;
    name  TEXT;
    made  INT := 0;
BEGIN
    WHILE month < beyond LOOP
        next := month + INTERVAL '1 month';
        name := 'reading_days_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE reading_days INCLUDING ALL)', name);
            EXECUTE format(
                'WITH moved AS (DELETE FROM reading_days_other WHERE day >= %s AND day < %s RETURNING *)
                 INSERT INTO %I SELECT * FROM moved', month - epoch, next - epoch, name);
            EXECUTE format(
                'ALTER TABLE reading_days ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                name, month - epoch, next - epoch);
            made := made + 1;
        END IF;
        month := next;
    END LOOP;
    RETURN made;
END $$;

DO $$
DECLARE
    oldest BIGINT;
BEGIN
    -- 'r' is an ordinary table, 'p' a partitioned one.
    IF (SELECT relkind FROM pg_class WHERE oid = 'reading_days'::regclass) = 'r' THEN
        ALTER TABLE reading_days RENAME TO reading_days_plain;
        ALTER TABLE reading_days_plain RENAME CONSTRAINT reading_days_pkey TO reading_days_plain_pkey;
        CREATE TABLE reading_days (
            LIKE reading_days_plain,
            PRIMARY KEY (device, channel, day),
            FOREIGN KEY (device, channel) REFERENCES channels (device, channel)
        ) PARTITION BY RANGE (day);
        CREATE TABLE reading_days_other PARTITION OF reading_days DEFAULT;
        -- What a clock gone wrong wrote into other centuries stays with the others: each month costs a table and its locks.
        SELECT min(day) INTO oldest FROM reading_days_plain
            WHERE day >= (CURRENT_DATE - INTERVAL '20 years')::DATE - DATE '1970-01-01';
        PERFORM grid_partition_months(DATE '1970-01-01' + coalesce(oldest, CURRENT_DATE - DATE '1970-01-01')::INT, CURRENT_DATE);
        INSERT INTO reading_days SELECT * FROM reading_days_plain;
        DROP TABLE reading_days_plain;
    END IF;
    PERFORM grid_partition_months(CURRENT_DATE, (CURRENT_DATE + INTERVAL '2 years')::DATE);
END $$;
