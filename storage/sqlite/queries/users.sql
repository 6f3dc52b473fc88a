-- name: user_get
-- index: user_state
SELECT registered_at, memory_version, episodes, pending, pending_bytes, unreadable, facts, quarantined,
       embedding_dimension, fold_stamp, paused_by
FROM user_state WHERE tenant_id = ?1 AND user_id = ?2;

-- name: user_insert
-- index: user_state
INSERT INTO user_state(tenant_id, user_id, registered_at) VALUES (?1, ?2, ?3)
ON CONFLICT(tenant_id, user_id) DO NOTHING;

-- name: user_page
-- index: user_state
SELECT user_id FROM user_state WHERE tenant_id = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3;

-- name: user_count_ingest
-- index: user_state
UPDATE user_state SET episodes = episodes + ?3, pending = pending + ?4, pending_bytes = pending_bytes + ?5,
  embedding_dimension = ?6
WHERE tenant_id = ?1 AND user_id = ?2;

-- name: user_count_run
-- index: user_state
UPDATE user_state SET memory_version = memory_version + 1, pending = pending - ?3, pending_bytes = pending_bytes - ?4,
  unreadable = unreadable + ?5, facts = facts + ?6, quarantined = quarantined + ?7,
  fold_stamp = CASE ?8 WHEN '' THEN fold_stamp ELSE ?8 END
WHERE tenant_id = ?1 AND user_id = ?2;

-- name: user_unpause
-- index: user_state
UPDATE user_state SET paused_by = '' WHERE tenant_id = ?1 AND user_id = ?2 AND paused_by <> '';

-- name: ping
-- index: none
SELECT count(*) FROM (SELECT 1 FROM schema_migration LIMIT 1);
