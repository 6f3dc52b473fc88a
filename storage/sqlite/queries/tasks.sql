-- name: task_get
-- index: task
SELECT user_id, kind, state, priority, reasons, options, created_at, run_after, started_at, finished_at, attempt,
       last_error, run_id, follow_up
FROM task WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_live_of
-- index: task_live
SELECT task_id, state FROM task WHERE tenant_id = ?1 AND user_id = ?2 AND state IN (1, 2, 4);

-- name: task_behind_of
-- index: task_behind
SELECT task_id FROM task WHERE tenant_id = ?1 AND user_id = ?2 AND state = 3;

-- name: task_insert
-- index: task
INSERT INTO task(tenant_id, task_id, user_id, kind, state, priority, ready_at, reasons, options, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7);

-- name: task_join
-- index: task
UPDATE task SET priority = ?3, reasons = ?4, options = ?5 WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_activate_behind
-- index: task_behind
UPDATE task SET state = 1, ready_at = ?3 WHERE tenant_id = ?1 AND user_id = ?2 AND state = 3 RETURNING task_id;

-- Tenants that have ready tasks, one index step each. Ready ones are counted up to ?1.
-- name: task_demands
-- index: task_ready, tenant, ready_tenant
WITH RECURSIVE ready_tenant(tenant_id) AS (
  SELECT min(tenant_id) FROM task WHERE state = 1
  UNION ALL
  SELECT (SELECT min(tenant_id) FROM task WHERE state = 1 AND tenant_id > ready_tenant.tenant_id)
  FROM ready_tenant WHERE ready_tenant.tenant_id IS NOT NULL)
SELECT ready_tenant.tenant_id, coalesce(t.weight, 1.0),
       (SELECT count(*) FROM (SELECT 1 FROM task WHERE state = 1 AND tenant_id = ready_tenant.tenant_id LIMIT ?1)),
       (SELECT min(rank) FROM task WHERE state = 1 AND tenant_id = ready_tenant.tenant_id)
FROM ready_tenant LEFT JOIN tenant t ON t.tenant_id = ready_tenant.tenant_id
WHERE ready_tenant.tenant_id IS NOT NULL AND coalesce(t.paused, 0) = 0;

-- name: task_running_counts
-- index: task_running
SELECT tenant_id, count(*) FROM task INDEXED BY task_running WHERE state = 2 GROUP BY tenant_id;

-- name: task_ready_page
-- index: task_ready
SELECT task_id FROM task WHERE tenant_id = ?1 AND state = 1 ORDER BY rank LIMIT ?2;

-- Waiting, behind and delayed.
-- name: task_queued_count
-- index: task_ready, task_behind, task_delayed
SELECT (SELECT count(*) FROM task WHERE tenant_id = ?1 AND state = 1)
     + (SELECT count(*) FROM task WHERE tenant_id = ?1 AND state = 3)
     + (SELECT count(*) FROM task WHERE tenant_id = ?1 AND state = 4);

-- Of the next ?2 ready tasks of the tenant those, ?3 at most, that nobody waits behind and whose users have nothing
-- pending. One that has a plan was begun already.
-- name: task_idle_page
-- index: task_ready, user_state, task_behind
SELECT next_ready.task_id, next_ready.user_id, u.memory_version
FROM (SELECT task_id, user_id, rank, run_id FROM task WHERE tenant_id = ?1 AND state = 1 ORDER BY rank LIMIT ?2) AS next_ready
JOIN user_state u ON u.tenant_id = ?1 AND u.user_id = next_ready.user_id
WHERE next_ready.run_id = '' AND u.pending = 0
  AND NOT EXISTS (SELECT 1 FROM task b WHERE b.tenant_id = ?1 AND b.user_id = next_ready.user_id AND b.state = 3)
ORDER BY next_ready.rank LIMIT ?3;

-- name: task_finish_idle
-- index: task
UPDATE task SET state = 5, attempt = attempt + 1, started_at = ?3, finished_at = ?3, run_id = task_id
WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_claim
-- index: task
UPDATE task SET state = 2, attempt = attempt + 1, lease_token = ?3, lease_until = ?4, lease_owner = ?5,
  started_before = started_at, started_at = ?6
WHERE tenant_id = ?1 AND task_id = ?2;

-- name: lease_holds
-- index: task
SELECT 1 FROM task
WHERE tenant_id = ?1 AND task_id = ?2 AND state = 2 AND lease_token = ?3 AND attempt = ?4 AND user_id = ?5;

-- name: lease_renew
-- index: task
UPDATE task SET lease_until = ?3 WHERE tenant_id = ?1 AND task_id = ?2;

-- The attempt does not count, and its place in the queue is the old one.
-- name: task_release
-- index: task
UPDATE task SET state = 1, attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_delay
-- index: task
UPDATE task SET state = 4, run_after = ?3, last_error = ?4,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = ?1 AND task_id = ?2;

-- The attempt does not count.
-- name: task_postpone
-- index: task
UPDATE task SET state = 4, run_after = ?3, last_error = ?4,
  attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = ?1 AND task_id = ?2;

-- ?3 state, ?4 finished_at, ?5 last_error ('' keeps it).
-- name: task_finish
-- index: task
UPDATE task SET state = ?3, finished_at = ?4, last_error = CASE ?5 WHEN '' THEN last_error ELSE ?5 END,
  run_after = NULL, lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_done
-- index: task
UPDATE task SET state = 5, finished_at = ?3, run_id = ?4,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_set_follow_up
-- index: task
UPDATE task SET follow_up = ?3 WHERE tenant_id = ?1 AND task_id = ?2;

-- name: task_retry
-- index: task
UPDATE task SET state = ?3, ready_at = ?4, attempt = 0, finished_at = NULL WHERE tenant_id = ?1 AND task_id = ?2;

-- How much there is of each state. Counting stops at ?1; each reads an index that holds nothing else.
-- name: queue_ready
-- index: task_ready, tenant_paused
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY task_ready
                      WHERE state = 1 AND tenant_id NOT IN (SELECT tenant_id FROM tenant WHERE paused = 1) LIMIT ?1);

-- name: queue_behind
-- index: task_behind, tenant_paused
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY task_behind
                      WHERE state = 3 AND tenant_id NOT IN (SELECT tenant_id FROM tenant WHERE paused = 1) LIMIT ?1);

-- name: queue_running
-- index: task_running
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY task_running WHERE state = 2 LIMIT ?1);

-- name: queue_delayed
-- index: task_delayed
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY task_delayed WHERE state = 4 LIMIT ?1);

-- name: queue_dead
-- index: task_dead
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY task_dead WHERE state = 6 LIMIT ?1);

-- Since when the tenant's first in line has been ready.
-- name: queue_first
-- index: task_ready
SELECT ready_at FROM task WHERE tenant_id = ?1 AND state = 1 ORDER BY rank LIMIT 1;

-- name: rescue_all_running
-- index: task_running
UPDATE task SET state = 1, attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE state = 2;

-- name: rescue_exhausted
-- index: task_running
SELECT tenant_id, user_id, task_id FROM task WHERE state = 2 AND lease_until <= ?1 AND attempt >= ?2;

-- name: rescue_expired
-- index: task_running
UPDATE task SET state = 1, last_error = ?2, lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE state = 2 AND lease_until <= ?1;

-- name: rescue_delayed
-- index: task_delayed
UPDATE task SET state = 1, ready_at = run_after, run_after = NULL WHERE state = 4 AND run_after <= ?1;

-- index: task_running, task_delayed
SELECT (SELECT min(lease_until) FROM task WHERE state = 2), (SELECT min(run_after) FROM task WHERE state = 4);

-- ?2 states as bits (0: all), ?3 the id of the last task of the page before. Ids begin with the time.
-- name: task_page_of_tenant
-- index: task
SELECT task_id, created_at FROM task
WHERE tenant_id = ?1 AND (?2 = 0 OR (?2 >> state) & 1) AND task_id < coalesce(?3, 'z')
ORDER BY task_id DESC LIMIT ?4;

-- As task_page_of_tenant, but ?3 and ?4 are the time and id of the last task of the page before.
-- name: task_page_of_user
-- index: task_of_user
SELECT task_id, created_at FROM task
WHERE tenant_id = ?1 AND (?2 = 0 OR (?2 >> state) & 1) AND (created_at, task_id) < (?3, ?4) AND user_id = ?6
ORDER BY created_at DESC, task_id DESC LIMIT ?5;

-- name: plan_get
-- index: plan
SELECT plan FROM plan WHERE tenant_id = ?1 AND task_id = ?2;

-- name: plan_put
-- index: plan
INSERT INTO plan(tenant_id, task_id, plan) VALUES (?1, ?2, ?3)
ON CONFLICT(tenant_id, task_id) DO UPDATE SET plan = excluded.plan;

-- name: plan_set_run
-- index: task
UPDATE task SET run_id = ?3 WHERE tenant_id = ?1 AND task_id = ?2;

-- name: plan_delete
-- index: plan
DELETE FROM plan WHERE tenant_id = ?1 AND task_id = ?2;

-- name: request_get
-- index: request
SELECT user_id, body, task_id, joined, note FROM request WHERE tenant_id = ?1 AND request_id = ?2 AND at > ?3;

-- name: request_put
-- index: request
INSERT OR REPLACE INTO request(tenant_id, request_id, user_id, body, task_id, joined, note, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: request_expire
-- index: request_age
DELETE FROM request WHERE tenant_id = ?1 AND at <= ?2;
