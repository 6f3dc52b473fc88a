-- 0005_tasks_by_id: a tenant's tasks are listed by id, which begins with the time at which it was made. (Ids were random
-- before the first release; such tasks are listed first.) Each change of a task's state wrote to this index, too.
-- Locks: the table of tasks for a moment, once nobody uses it; tried again if that takes long.
-- Deploy: before or after the binary that lists by id; older ones sort a tenant's tasks for each page of them. (Of runs that
-- found nothing and that a newer binary finished in bulk they show reports without ids, user, trigger and times.)
-- Undo: roll forward.  Twin: storage/sqlite/migrations/0005_tasks_by_id.sql
DROP INDEX IF EXISTS slowwave.task_of_tenant;
