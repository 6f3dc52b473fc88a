-- name: tenant_get
-- index: tenant
SELECT paused, weight, max_waiting, window_from, window_to FROM tenant WHERE tenant_id = ?1;

-- name: tenant_put
-- index: tenant
INSERT INTO tenant(tenant_id, paused, weight, max_waiting, window_from, window_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT(tenant_id) DO UPDATE SET paused = excluded.paused, weight = excluded.weight,
  max_waiting = excluded.max_waiting, window_from = excluded.window_from, window_to = excluded.window_to;
