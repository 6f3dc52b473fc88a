-- 0008_task_by_time: a user's tasks by time, as 0006 has it for episodes.
-- Locks: writes to task wait while it is read once; as in 0006.
-- Deploy: before the binary that lists so.
-- Undo: roll forward.  Twin: none.
SELECT 1 / (count(*) = 0)::int FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('slowwave.task_by_time');
CREATE INDEX IF NOT EXISTS task_by_time ON slowwave.task(tenant_id, user_id, created_at, task_id)
  WHERE created_at > '-infinity';
