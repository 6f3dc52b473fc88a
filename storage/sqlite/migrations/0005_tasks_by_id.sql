-- 0005_tasks_by_id: a tenant's tasks are listed by id, which begins with the time at which it was made. (Ids were random
-- before the first release; such tasks are listed first.) Each change of a task's state wrote to this index, too.
-- Locks: the whole file, for a moment.
-- Undo: roll forward.  Twin: storage/postgres/migrations/0005_tasks_by_id.sql
DROP INDEX IF EXISTS task_of_tenant;
