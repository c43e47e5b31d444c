-- Optional: spreads the packed days over the workers of a Citus cluster, by device. PostgreSQL without the extension skips it.
-- Not run against a Citus yet; only that it is skipped. docs/deploy/scale.md says when it is worth it.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/sql/citus.sql     (on the coordinator)
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus') THEN
        RAISE NOTICE 'skipped: this server has no citus';
        RETURN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS citus;
    -- What the distributed tables point at is on every worker; it is small beside the days.
    PERFORM create_reference_table('users');
    PERFORM create_reference_table('devices');
    -- Citus asks for the distribution column in every unique key.
    ALTER TABLE superseded_readings DROP CONSTRAINT superseded_readings_pkey;
    ALTER TABLE superseded_readings ADD PRIMARY KEY (device, id);
    -- A device's channels, days and what was superseded lie on one worker, so an ingest locks and writes there alone.
    ALTER TABLE reading_days DROP CONSTRAINT reading_days_device_channel_fkey;
    ALTER TABLE superseded_readings DROP CONSTRAINT superseded_readings_device_channel_fkey;
    PERFORM create_distributed_table('channels', 'device');
    PERFORM create_distributed_table('reading_days', 'device', colocate_with => 'channels');
    PERFORM create_distributed_table('superseded_readings', 'device', colocate_with => 'channels');
    ALTER TABLE reading_days ADD FOREIGN KEY (device, channel) REFERENCES channels (device, channel);
    ALTER TABLE superseded_readings ADD FOREIGN KEY (device, channel) REFERENCES channels (device, channel);
END $$;
