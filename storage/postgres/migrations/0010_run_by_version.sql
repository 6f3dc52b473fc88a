-- 0010_run_by_version: a user's runs in their order, as 0006 has it for episodes. The old index looked as good as a run's key
-- by the statistics of tenants with a run each.
-- Locks: writes to run wait while it is read once; as in 0006.
-- Deploy: before the binary that lists so.
-- Undo: roll forward.  Twin: none.
SELECT 1 / (count(*) = 0)::int FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('slowwave.run_by_version');
CREATE INDEX IF NOT EXISTS run_by_version ON slowwave.run(tenant_id, user_id, memory_version, finished_at, run_id)
  WHERE memory_version >= 0;
