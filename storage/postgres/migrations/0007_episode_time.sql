-- 0007_episode_time: see 0006. By itself, as each of these: whoever held one table's lock while waiting for another's would
-- stand in the way of daemons at work.
-- Locks: all of episode for a moment, once nobody uses it; tried again if that takes long.
-- Deploy: before or after the binary that lists by the new index; an older one sorts a user's episodes for each page of them.
-- Undo: roll forward.  Twin: none.
DROP INDEX IF EXISTS slowwave.episode_time;
