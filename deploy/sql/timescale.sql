-- Optional: makes the packed days a TimescaleDB hypertable of 30 days a chunk. PostgreSQL without the extension skips it.
-- Not run against a TimescaleDB yet; only that it is skipped. docs/deploy/scale.md says when it is worth it.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/sql/timescale.sql
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        RAISE NOTICE 'skipped: this server has no timescaledb';
        RETURN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS timescaledb;
    -- The days count from 1970-01-01, and are in the primary key, as the extension asks.
    PERFORM create_hypertable('reading_days', 'day', chunk_time_interval => 30, migrate_data => true, if_not_exists => true);
END $$;
