-- name: exchange_get
-- index: exchange
SELECT reply, model, prompt_tokens, completion_tokens FROM exchange
WHERE tenant_id = ?1 AND user_id = ?2 AND request_hash = ?3;

-- ?3 before, ?4 the run whose own stay, ?5 limit.
-- name: exchange_expire
-- index: exchange, exchange_age
DELETE FROM exchange WHERE rowid IN (
  SELECT rowid FROM exchange WHERE tenant_id = ?1 AND user_id = ?2 AND created_at < ?3 AND run_id <> ?4
  ORDER BY created_at LIMIT ?5);

-- name: exchange_insert
-- index: exchange
INSERT INTO exchange(tenant_id, user_id, request_hash, run_id, created_at, model, prompt_tokens, completion_tokens,
                     reply)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT DO NOTHING;
