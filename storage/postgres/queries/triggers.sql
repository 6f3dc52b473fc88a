-- Across tenants, without locks.
-- name: sweep_tenants
-- tenants: all
-- index: tenant, trig_due
SELECT t.tenant_id FROM slowwave.tenant t
WHERE NOT t.paused
  AND EXISTS (SELECT 1 FROM slowwave.trig g WHERE g.tenant_id = t.tenant_id AND g.next_due <= $1)

-- The users due first that nobody else is working on. $2 now, $3 limit.
-- name: sweep_users
-- index: trig_due, user_state
SELECT user_id, registered_at, memory_version, episodes, pending, pending_bytes, unreadable, facts, quarantined,
       embedding_dimension, fold_stamp, paused_by
FROM slowwave.user_state
WHERE tenant_id = $1
  AND user_id = ANY (ARRAY(SELECT g.user_id FROM slowwave.trig g
                           WHERE g.tenant_id = $1 AND g.next_due <= $2
                           ORDER BY g.next_due LIMIT $3))
ORDER BY user_id FOR UPDATE SKIP LOCKED

-- name: sweep_conditions
-- index: trig
SELECT user_id, kind, interval_us, episodes, megabytes, cooldown_us, events, last_fired, next_due, times_fired
FROM slowwave.trig WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) ORDER BY user_id, ord
