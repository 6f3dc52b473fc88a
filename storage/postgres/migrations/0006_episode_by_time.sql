-- 0006_episode_by_time: what is listed by time gets an index that nothing else can use; 0007 drops the old one. That held
-- the id as well, so that by the statistics of users with a row each it looked as good as the key; to a user with thousands
-- of episodes each look-up of one then read them all. A statement that lists says what the index says: that a time is no
-- -infinity, which none is.
-- Locks: writes to episode wait while it is read once. Where it is large, make the index before, with the same words and
-- CONCURRENTLY; then this finds it. (It refuses, with a division by zero, if that has left one that is not valid: drop it.)
-- Deploy: before the binary that lists so.
-- Undo: roll forward.  Twin: none, SQLite takes a key that is given whole.
SELECT 1 / (count(*) = 0)::int FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('slowwave.episode_by_time');
CREATE INDEX IF NOT EXISTS episode_by_time ON slowwave.episode(tenant_id, user_id, occurred_at, id)
  WHERE occurred_at > '-infinity';
