-- Optional: spreads over the workers of a Citus cluster the packed days, by device, and what a community has agreed, settled and
-- issued, by community. PostgreSQL without the extension skips it.
-- Not run here: there was no Citus to run it on. That it is skipped was run, and its changes of keys were, on PostgreSQL with stand-ins
-- for Citus's functions. On tables that an earlier version of this file has spread it stops and changes nothing.
-- docs/deploy/scale.md says when it is worth it.
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
    PERFORM create_reference_table('communities');
    PERFORM create_reference_table('members');
    -- Read by community and by device, and changed together with devices.
    PERFORM create_reference_table('device_placements');
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
    -- All of a community lies on one worker. A leaf of the log is of one statement because the log has each place once.
    ALTER TABLE statements DROP CONSTRAINT statements_settlement_fkey, DROP CONSTRAINT statements_leaf_key,
        DROP CONSTRAINT statements_pkey, ADD PRIMARY KEY (community, id);
    CREATE INDEX statements_leaf ON statements (leaf);
    ALTER TABLE settlements DROP CONSTRAINT settlements_pkey, ADD PRIMARY KEY (community, id);
    ALTER TABLE community_keys DROP CONSTRAINT community_keys_pkey, ADD PRIMARY KEY (community, id);
    ALTER TABLE community_contracts DROP CONSTRAINT community_contracts_pkey, ADD PRIMARY KEY (community, id);
    ALTER TABLE community_tariffs DROP CONSTRAINT community_tariffs_pkey, ADD PRIMARY KEY (community, id);
    PERFORM create_distributed_table('settlements', 'community', colocate_with => 'none');
    PERFORM create_distributed_table('statements', 'community', colocate_with => 'settlements');
    PERFORM create_distributed_table('community_keys', 'community', colocate_with => 'settlements');
    PERFORM create_distributed_table('community_contracts', 'community', colocate_with => 'settlements');
    PERFORM create_distributed_table('community_tariffs', 'community', colocate_with => 'settlements');
    PERFORM create_distributed_table('prices', 'community', colocate_with => 'settlements');
    ALTER TABLE statements ADD FOREIGN KEY (community, settlement) REFERENCES settlements (community, id);
END $$;
