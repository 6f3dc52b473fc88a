-- 0006_indexes_by_time: what is listed by time has an index that nothing else can use. The old ones held the id as well, so
-- that by the statistics of users with a row each they looked as good as the key; to a user with thousands of episodes each
-- look-up of one then read them all. A statement that lists says what the index says (that a time is no -infinity, which
-- none is).
-- Locks: writes to episode and to task wait while each is read once. Where they are large, make the indexes before, with the
-- same words and CONCURRENTLY; then this finds them.
-- Deploy: before the binary that lists so; older ones sort a user's episodes, or tasks, for each page of them.
-- Undo: roll forward.  Twin: none, SQLite takes a key that is given whole.
CREATE INDEX IF NOT EXISTS episode_by_time ON slowwave.episode(tenant_id, user_id, occurred_at, id)
  WHERE occurred_at > '-infinity';
CREATE INDEX IF NOT EXISTS task_by_time ON slowwave.task(tenant_id, user_id, created_at, task_id)
  WHERE created_at > '-infinity';
DROP INDEX IF EXISTS slowwave.episode_time;
DROP INDEX IF EXISTS slowwave.task_of_user;
