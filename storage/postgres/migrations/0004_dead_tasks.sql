-- 0004_dead_tasks: how many tasks are dead can be counted without reading those that are done.
-- Locks: writes to task wait while it is read once. Where it is large, make the index before, with the same words and
-- CONCURRENTLY; then this finds it.
-- Deploy: before or after the binary that counts; without it counting only takes longer.
-- Undo: roll forward.  Twin: storage/sqlite/migrations/0004_dead_tasks.sql
CREATE INDEX IF NOT EXISTS task_dead ON slowwave.task(tenant_id) WHERE state = 6;
