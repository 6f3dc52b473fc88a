-- 0009_task_of_user: see 0008.
-- Locks: all of task for a moment, once nobody uses it; tried again if that takes long.
-- Deploy: before or after the binary that lists by the new index; an older one reads a tenant's tasks for each page of a
-- user's.
-- Undo: roll forward.  Twin: none.
DROP INDEX IF EXISTS slowwave.task_of_user;
