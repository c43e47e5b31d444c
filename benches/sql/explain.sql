-- The statements behind a user's month, with the plan that a prepared statement keeps: which devices, from when to when, and
-- the packed days. `owner` is 32 hexadecimal digits, `channel` a channel's code, `first` and `last` are days since 1970.
SET plan_cache_mode = force_generic_plan;
PREPARE extents (bytea, bigint) AS
    SELECT c.device, c.first_start, c.last_end FROM devices m JOIN channels c ON c.device = m.id
    WHERE m.owner = $1 AND c.channel = $2 AND c.first_start IS NOT NULL AND c.last_end IS NOT NULL;
EXPLAIN (ANALYZE, BUFFERS) EXECUTE extents (decode(:'owner', 'hex'), :channel);
PREPARE days (bytea, bigint, bigint, bigint) AS
    SELECT r.device, r.day, r.packed FROM devices m JOIN channels c ON c.device = m.id
    JOIN reading_days r ON r.device = c.device AND r.channel = c.channel
    WHERE m.owner = $1 AND c.channel = $2 AND r.day >= $3 - c.reach AND r.day <= $4 ORDER BY r.device, r.day;
EXPLAIN (ANALYZE, BUFFERS) EXECUTE days (decode(:'owner', 'hex'), :channel, :first, :last);
