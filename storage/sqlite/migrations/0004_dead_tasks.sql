-- 0004_dead_tasks: how many tasks are dead can be counted without reading those that are done.
-- Locks: the whole file, while the tasks are read once.
-- Undo: roll forward.  Twin: storage/postgres/migrations/0004_dead_tasks.sql
CREATE INDEX task_dead ON task(tenant_id) WHERE state = 6;
