-- name: trig_list
-- index: trig
SELECT kind, interval_us, episodes, megabytes, cooldown_us, events, last_fired, next_due, times_fired
FROM trig WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY ord;

-- name: trig_delete
-- index: trig
DELETE FROM trig WHERE tenant_id = ?1 AND user_id = ?2;

-- name: trig_put
-- index: trig
INSERT OR REPLACE INTO trig(tenant_id, user_id, ord, kind, interval_us, episodes, megabytes, cooldown_us, events,
                            last_fired, next_due, times_fired)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);

-- name: trig_count_manual
-- index: trig
UPDATE trig SET last_fired = ?4, times_fired = times_fired + 1 WHERE tenant_id = ?1 AND user_id = ?2 AND kind = ?3;

-- Earliest first; a user is there once for each condition that is due. Entries of paused tenants are passed over.
-- name: trig_due
-- index: trig_due, tenant_paused
SELECT tenant_id, user_id FROM trig
WHERE next_due <= ?1 AND tenant_id NOT IN (SELECT tenant_id FROM tenant WHERE paused = 1)
ORDER BY next_due;
