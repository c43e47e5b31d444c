-- How many keys one owner has, which are counted when one more is claimed.
CREATE INDEX idempotent_requests_by_owner ON idempotent_requests (owner, expires_at);
