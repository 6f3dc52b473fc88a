-- Ranks are computed in UTC, as everywhere: what depends on the session's time zone cannot be left to another node.

-- A task's follow-up is what its last run answered.
-- name: task_get
-- index: task, run
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM slowwave.task t
LEFT JOIN slowwave.run r ON r.tenant_id = t.tenant_id AND r.run_id = t.run_id AND t.state = 5
WHERE t.tenant_id = $1 AND t.task_id = $2

-- As task_get, locked.
-- name: task_lock
-- index: task
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, ''
FROM slowwave.task t WHERE t.tenant_id = $1 AND t.task_id = $2 FOR UPDATE

-- name: task_user
-- index: task
SELECT user_id FROM slowwave.task WHERE tenant_id = $1 AND task_id = $2

-- The user's unfinished tasks, kept as they are until the transaction ends. Two statements, so that each has an index
-- that holds nothing else.
-- name: tasks_live
-- index: task_live
SELECT user_id, task_id, state, priority, reasons, options FROM slowwave.task
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND state IN (1, 2, 4) ORDER BY user_id FOR UPDATE

-- name: tasks_behind
-- index: task_behind
SELECT user_id, task_id, state, priority, reasons, options FROM slowwave.task
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND state = 3 ORDER BY user_id FOR UPDATE

-- Counting stops at $2 each.
-- name: tasks_waiting_count
-- index: task_live, task_behind
SELECT (SELECT count(*) FROM (SELECT 1 FROM slowwave.task
                              WHERE tenant_id = $1 AND state IN (1, 2, 4) AND state <> 2 LIMIT $2) AS live)
     + (SELECT count(*) FROM (SELECT 1 FROM slowwave.task WHERE tenant_id = $1 AND state = 3 LIMIT $2) AS behind)

-- name: task_insert
-- index: task
INSERT INTO slowwave.task(tenant_id, task_id, user_id, kind, state, priority, rank, reasons, options, created_at)
SELECT $1, n.task_id, n.user_id, n.kind, n.state, n.priority,
       ($2::timestamptz AT TIME ZONE 'UTC' - n.priority * interval '6 minutes') AT TIME ZONE 'UTC',
       n.reasons, n.options, $2
FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
  AS n(task_id, user_id, kind, state, priority, reasons, options)

-- Its place in the queue can only get better.
-- name: task_join
-- index: task
UPDATE slowwave.task SET priority = $3, reasons = $4, options = $5,
  rank = (rank AT TIME ZONE 'UTC' - ($3 - priority) * interval '6 minutes') AT TIME ZONE 'UTC'
WHERE tenant_id = $1 AND task_id = $2

-- name: task_activate_behind
-- index: task_behind
UPDATE slowwave.task SET state = 1,
  rank = ($3::timestamptz AT TIME ZONE 'UTC' - priority * interval '6 minutes') AT TIME ZONE 'UTC'
WHERE tenant_id = $1 AND user_id = $2 AND state = 3 RETURNING task_id

-- $3 state, $4 error ('' keeps it), $5 now.
-- name: task_finish
-- index: task
UPDATE slowwave.task SET state = $3, finished_at = $5,
  last_error = coalesce(nullif($4, ''), last_error),
  run_after = NULL, lease_token = NULL, lease_until = NULL, lease_owner = NULL
WHERE tenant_id = $1 AND task_id = $2

-- name: task_retry
-- index: task
UPDATE slowwave.task SET state = $3, attempt = 0, finished_at = NULL,
  rank = ($4::timestamptz AT TIME ZONE 'UTC' - priority * interval '6 minutes') AT TIME ZONE 'UTC'
WHERE tenant_id = $1 AND task_id = $2

-- $2 states as bits (0: all), $3 and $4 the last row of the page before (null: from the newest).
-- name: task_page_of_tenant
-- index: task_of_tenant
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM slowwave.task t
LEFT JOIN slowwave.run r ON r.tenant_id = t.tenant_id AND r.run_id = t.run_id AND t.state = 5
WHERE t.tenant_id = $1 AND ($2 = 0 OR ($2 >> t.state) & 1 = 1)
  AND (t.created_at, t.task_id) < (coalesce($3, 'infinity'::timestamptz), $4)
ORDER BY t.created_at DESC, t.task_id DESC LIMIT $5

-- name: task_page_of_user
-- index: task_of_user
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM slowwave.task t
LEFT JOIN slowwave.run r ON r.tenant_id = t.tenant_id AND r.run_id = t.run_id AND t.state = 5
WHERE t.tenant_id = $1 AND ($2 = 0 OR ($2 >> t.state) & 1 = 1)
  AND (t.created_at, t.task_id) < (coalesce($3, 'infinity'::timestamptz), $4) AND t.user_id = $6
ORDER BY t.created_at DESC, t.task_id DESC LIMIT $5

-- name: request_get
-- index: request
SELECT user_id, body, task_id, joined, note FROM slowwave.request
WHERE tenant_id = $1 AND request_id = $2 AND at > $3::timestamptz - interval '1 day'

-- name: request_put
-- index: request
INSERT INTO slowwave.request(tenant_id, request_id, user_id, body, task_id, joined, at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, request_id) DO UPDATE SET user_id = excluded.user_id, body = excluded.body,
  task_id = excluded.task_id, joined = excluded.joined, at = excluded.at, note = excluded.note

-- name: request_expire
-- index: request_age
DELETE FROM slowwave.request WHERE tenant_id = $1 AND at <= $2::timestamptz - interval '1 day'
