-- 0011_run_of_user: see 0010.
-- Locks: all of run for a moment, once nobody uses it; tried again if that takes long.
-- Deploy: before or after the binary that lists by the new index; an older one reads a tenant's runs for each page of a
-- user's.
-- Undo: roll forward.  Twin: none.
DROP INDEX IF EXISTS slowwave.run_of_user;
