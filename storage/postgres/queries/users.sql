-- name: tenant_ensure
-- index: tenant
INSERT INTO slowwave.tenant(tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING

-- name: user_get
-- index: user_state
SELECT registered_at, memory_version, episodes, pending, pending_bytes, unreadable, facts, quarantined,
       embedding_dimension, fold_stamp, paused_by
FROM slowwave.user_state WHERE tenant_id = $1 AND user_id = $2

-- The lock of the user, see the table.
-- name: user_lock
-- index: user_state
SELECT registered_at, memory_version, episodes, pending, pending_bytes, unreadable, facts, quarantined,
       embedding_dimension, fold_stamp, paused_by
FROM slowwave.user_state WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE

-- name: user_insert
-- index: user_state
INSERT INTO slowwave.user_state(tenant_id, user_id, registered_at) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, user_id) DO NOTHING RETURNING 1

-- name: user_page
-- index: user_state
SELECT user_id FROM slowwave.user_state WHERE tenant_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3

-- name: user_count_ingest
-- index: user_state
UPDATE slowwave.user_state SET episodes = episodes + $3, pending = pending + $4, pending_bytes = pending_bytes + $5,
  embedding_dimension = $6
WHERE tenant_id = $1 AND user_id = $2

-- name: user_unpause
-- index: user_state
UPDATE slowwave.user_state SET paused_by = '' WHERE tenant_id = $1 AND user_id = $2 AND paused_by <> ''

-- name: trig_count_manual
-- index: trig
UPDATE slowwave.trig SET last_fired = $4, times_fired = times_fired + 1
WHERE tenant_id = $1 AND user_id = $2 AND kind = $3

-- name: trig_list
-- index: trig
SELECT kind, interval_us, episodes, megabytes, cooldown_us, events, last_fired, next_due, times_fired
FROM slowwave.trig WHERE tenant_id = $1 AND user_id = $2 ORDER BY ord

-- name: trig_delete
-- index: trig
DELETE FROM slowwave.trig WHERE tenant_id = $1 AND user_id = $2

-- name: trig_insert
-- index: trig
INSERT INTO slowwave.trig(tenant_id, user_id, ord, kind, interval_us, episodes, megabytes, cooldown_us, events,
                          last_fired, next_due, times_fired)
SELECT $1, $2, c.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::float8[], $8::bigint[],
                               $9::text[], $10::timestamptz[], $11::timestamptz[], $12::bigint[]) AS c

-- ?3.. one entry a condition of one user or several. What a condition is does not change here, but when it fires.
-- name: trig_update
-- index: trig
UPDATE slowwave.trig t SET last_fired = c.last_fired, next_due = c.next_due, times_fired = c.times_fired
FROM unnest($2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
  AS c(user_id, ord, last_fired, next_due, times_fired)
WHERE t.tenant_id = $1 AND t.user_id = c.user_id AND t.ord = c.ord

-- name: tenant_get
-- index: tenant
SELECT paused, weight, max_waiting, window_from_us, window_to_us FROM slowwave.tenant WHERE tenant_id = $1

-- name: tenant_put
-- index: tenant
INSERT INTO slowwave.tenant(tenant_id, paused, weight, max_waiting, window_from_us, window_to_us)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id) DO UPDATE SET paused = excluded.paused, weight = excluded.weight,
  max_waiting = excluded.max_waiting, window_from_us = excluded.window_from_us, window_to_us = excluded.window_to_us
