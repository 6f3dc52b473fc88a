-- Across tenants, without locks: who has ready tasks, and how many run.
-- name: claim_demands
-- tenants: all
-- index: tenant, task_ready
SELECT d.tenant_id, d.weight, d.best
FROM (SELECT t.tenant_id, t.weight,
             (SELECT min(k.rank) FROM slowwave.task k WHERE k.tenant_id = t.tenant_id AND k.state = 1) AS best
      FROM slowwave.tenant t WHERE NOT t.paused) AS d
WHERE d.best IS NOT NULL

-- name: claim_running
-- tenants: all
-- index: task_running
SELECT tenant_id, count(*) FROM slowwave.task WHERE state = 2 GROUP BY tenant_id

-- $2 limit, $3 token, $4 owner, $5 microseconds, $6 now. Whoever else claims is passed by. The tenant may have been
-- paused since it was last looked at. By rank alone, as the index has it: all that is ready would be sorted otherwise.
-- Rows are updated where they lie; one that a request has joined since the statement began lies elsewhere, and is left to
-- whom that request wakes. `LIMIT 32` is kMaxClaims: of a number that it knows to be small the planner looks each place up,
-- be its statistics old or new; for more it might read all tasks of the tenant.
-- name: claim
-- index: task_ready, plan
WITH claimed AS (
  WITH next AS MATERIALIZED (
    SELECT k.ctid AS place FROM slowwave.task k
    WHERE k.tenant_id = $1 AND k.state = 1
      AND NOT coalesce((SELECT n.paused FROM slowwave.tenant n WHERE n.tenant_id = $1), false)
    ORDER BY k.rank LIMIT $2 FOR UPDATE OF k SKIP LOCKED)
  UPDATE slowwave.task t
  SET state = 2, attempt = t.attempt + 1, lease_token = $3, lease_owner = $4,
      lease_until = $6::timestamptz + $5 * interval '1 microsecond',
      started_before = t.started_at, started_at = $6
  FROM (SELECT n.place FROM next n LIMIT 32) AS first
  WHERE t.tenant_id = $1 AND t.ctid = first.place
  RETURNING t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
            t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, t.rank)
SELECT c.task_id, c.user_id, c.kind, c.state, c.priority, c.reasons, c.options, c.created_at, c.run_after, c.started_at,
       c.finished_at, c.attempt, c.last_error, c.run_id, '',
       (SELECT p.plan FROM slowwave.plan p WHERE p.tenant_id = $1 AND p.task_id = c.task_id)
FROM claimed c ORDER BY c.rank, c.task_id

-- Of the next $3 ready tasks those, $2 at most, whose users have nothing pending: done, with a run of the same id and
-- the report $5; $4 now. Left to a worker are those that another waits behind, and those that have a plan, so were begun.
-- The tenant may have been paused since it was last looked at. A request that joins a task writes its row. If it did so
-- after this statement began, the row has moved to a place that the statement does not see, and is left; if it comes
-- later, it finds the task done and makes a new one. So none is answered with what was read before it came.
-- Rows that transactions under way have marked are passed by before anything is looked up for them: those are mostly
-- another batch's. (Citus counts by the transactions of its coordinator, and so saves less, or leaves more to workers.)
-- name: idle_finish
-- index: task_ready, user_state, task_behind, run
WITH done AS (
       WITH due AS MATERIALIZED (
         SELECT t.place, t.memory_version
         FROM (SELECT k.ctid AS place, k.xmax AS holder FROM slowwave.task k
               WHERE k.tenant_id = $1 AND k.state = 1
                 AND NOT coalesce((SELECT n.paused FROM slowwave.tenant n WHERE n.tenant_id = $1), false)
               ORDER BY k.rank LIMIT $3) AS next
         CROSS JOIN LATERAL (
           SELECT x.ctid AS place, u.memory_version
           FROM slowwave.task x
           CROSS JOIN LATERAL (SELECT s.memory_version, s.pending FROM slowwave.user_state s
                               WHERE s.tenant_id = $1 AND s.user_id = x.user_id OFFSET 0) AS u
           WHERE x.tenant_id = $1 AND x.ctid = next.place AND x.state + 0 = 1 AND x.run_id = ''
             AND u.pending = 0
             AND NOT EXISTS (SELECT 1 FROM slowwave.task b
                             WHERE b.tenant_id = $1 AND b.user_id = x.user_id AND b.state = 3 OFFSET 0)
           OFFSET 0 FOR UPDATE OF x SKIP LOCKED) AS t
         WHERE age(next.holder) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)
         LIMIT $2)
       UPDATE slowwave.task t
       SET state = 5, attempt = t.attempt + 1, started_at = $4, finished_at = $4, run_id = t.task_id
       FROM due d WHERE t.tenant_id = $1 AND t.ctid = d.place
       RETURNING t.task_id, t.user_id, d.memory_version),
     noted AS (
       INSERT INTO slowwave.run(tenant_id, user_id, run_id, task_id, started_at, finished_at, succeeded, memory_version,
                                report, change_set)
       SELECT $1, d.user_id, d.task_id, d.task_id, $4, $4, true, d.memory_version, $5, '' FROM done d)
SELECT d.task_id, d.user_id FROM done d

-- `state + 0`, here and below: by its id, not among all that run, of which the statistics may know none.
-- name: lease_check
-- index: task
SELECT 1 / count(*) FROM slowwave.task
WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
  AND state + 0 = 2

-- As lease_check, and nobody takes it away until the transaction ends.
-- name: lease_hold
-- index: task
WITH held AS (SELECT 1 FROM slowwave.task
              WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
                AND state + 0 = 2
              FOR UPDATE)
SELECT 1 / count(*) FROM held

-- name: lease_renew
-- index: task
UPDATE slowwave.task SET lease_until = $7::timestamptz + $6 * interval '1 microsecond'
WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
  AND state + 0 = 2
RETURNING 1

-- The attempt does not count, and its place in the queue is the old one.
-- name: task_release
-- index: task
UPDATE slowwave.task SET state = 1, attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
  AND state + 0 = 2
RETURNING 1

-- name: task_delay
-- index: task
UPDATE slowwave.task SET state = 4, run_after = $8::timestamptz + $6 * interval '1 microsecond', last_error = $7,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
  AND state + 0 = 2
RETURNING 1

-- The attempt does not count.
-- name: task_postpone
-- index: task
UPDATE slowwave.task SET state = 4, run_after = $8::timestamptz + $6 * interval '1 microsecond', last_error = $7,
  attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
  AND state + 0 = 2
RETURNING 1

-- How much there is of each state, across tenants and without locks. Counting stops at $1; each reads an index that
-- holds nothing else. What a paused tenant has waiting waits for nobody's work.
-- name: queue_ready
-- tenants: all
-- index: task_ready, tenant
SELECT count(*) FROM (SELECT 1 FROM slowwave.task k
                      WHERE k.state = 1
                        AND NOT EXISTS (SELECT 1 FROM slowwave.tenant t WHERE t.tenant_id = k.tenant_id AND t.paused)
                      LIMIT $1) AS counted

-- name: queue_behind
-- tenants: all
-- index: task_behind, tenant
SELECT count(*) FROM (SELECT 1 FROM slowwave.task k
                      WHERE k.state = 3
                        AND NOT EXISTS (SELECT 1 FROM slowwave.tenant t WHERE t.tenant_id = k.tenant_id AND t.paused)
                      LIMIT $1) AS counted

-- name: queue_running
-- tenants: all
-- index: task_running
SELECT count(*) FROM (SELECT 1 FROM slowwave.task WHERE state = 2 LIMIT $1) AS counted

-- name: queue_delayed
-- tenants: all
-- index: task_delayed
SELECT count(*) FROM (SELECT 1 FROM slowwave.task WHERE state = 4 LIMIT $1) AS counted

-- name: queue_dead
-- tenants: all
-- index: task_dead
SELECT count(*) FROM (SELECT 1 FROM slowwave.task WHERE state = 6 LIMIT $1) AS counted

-- Since when the tenant's first in line has been ready.
-- name: queue_first
-- index: task_ready
SELECT (rank AT TIME ZONE 'UTC' + priority * interval '6 minutes') AT TIME ZONE 'UTC'
FROM slowwave.task WHERE tenant_id = $1 AND state = 1 ORDER BY rank LIMIT 1

-- name: rescue_tenants
-- tenants: all
-- index: task_running, task_delayed
SELECT tenant_id FROM slowwave.task WHERE state = 2 AND (lease_until <= $1 OR $2)
UNION
SELECT tenant_id FROM slowwave.task WHERE state = 4 AND run_after <= $1

-- name: rescue_all_running
-- index: task_running
UPDATE slowwave.task SET state = 1, attempt = attempt - 1, started_at = started_before, started_before = NULL,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND state = 2 RETURNING 1

-- name: rescue_exhausted
-- index: task_running
SELECT user_id, task_id, lease_token FROM slowwave.task
WHERE tenant_id = $1 AND state = 2 AND lease_until <= $2 AND attempt >= $3

-- name: rescue_bury
-- index: task
UPDATE slowwave.task SET state = 6, finished_at = $5, last_error = $4,
  lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND task_id = $2 AND lease_token = $3 AND lease_until <= $5 AND state + 0 = 2
RETURNING 1

-- name: rescue_expired
-- index: task_running
UPDATE slowwave.task SET state = 1, last_error = $3, lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND state = 2 AND lease_until <= $2 AND attempt < $4 RETURNING 1

-- name: rescue_delayed
-- index: task_delayed
UPDATE slowwave.task SET state = 1, run_after = NULL,
  rank = (run_after AT TIME ZONE 'UTC' - priority * interval '6 minutes') AT TIME ZONE 'UTC'
WHERE tenant_id = $1 AND state = 4 AND run_after <= $2 RETURNING 1

-- name: plan_put
-- index: plan
INSERT INTO slowwave.plan(tenant_id, task_id, plan) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, task_id) DO UPDATE SET plan = excluded.plan

-- name: plan_set_run
-- index: task
UPDATE slowwave.task SET run_id = $3 WHERE tenant_id = $1 AND task_id = $2

-- A plan that is lost with the server is made again; its transaction need not wait for the disk.
-- name: plan_settings
-- index: none
SELECT set_config('synchronous_commit', 'off', true)
