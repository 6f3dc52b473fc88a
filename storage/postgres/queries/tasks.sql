-- Ranks are computed in UTC, as everywhere: what depends on the session's time zone cannot be left to another node.

-- A task's follow-up is what its last run answered.
-- name: task_get
-- index: task, run
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM slowwave.task t
LEFT JOIN LATERAL (SELECT x.follow_up FROM slowwave.run x
                   WHERE x.tenant_id = $1 AND x.run_id = t.run_id AND t.state = 5 OFFSET 0) AS r ON true
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
-- that holds nothing else. A look-up a user: by statistics of a quiet night all of the tenant's were read, and left out.
-- name: tasks_live
-- index: task_live
SELECT t.user_id, t.task_id, t.state, t.priority, t.reasons, t.options
FROM (SELECT DISTINCT n.id FROM unnest($2::text[]) AS n(id) ORDER BY n.id) AS u
CROSS JOIN LATERAL (SELECT * FROM slowwave.task x
                    WHERE x.tenant_id = $1 AND x.user_id = u.id AND x.state IN (1, 2, 4) OFFSET 0 FOR UPDATE) AS t

-- name: tasks_behind
-- index: task_behind
SELECT t.user_id, t.task_id, t.state, t.priority, t.reasons, t.options
FROM (SELECT DISTINCT n.id FROM unnest($2::text[]) AS n(id) ORDER BY n.id) AS u
CROSS JOIN LATERAL (SELECT * FROM slowwave.task x
                    WHERE x.tenant_id = $1 AND x.user_id = u.id AND x.state = 3 OFFSET 0 FOR UPDATE) AS t

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

-- What is asked for most: new tasks for users who have none, of a tenant whose queue has no limit. No row: for that user
-- something else is the case, or the user's lock is another's. A task that came in since the statement began is not seen,
-- but stands in the way by its index. No user and no request is in it twice. $2 now, $3 users, $4 tasks, $5 kinds, $6
-- priorities, $7 reasons, $8 options, $9 requests or ''. `EXISTS (... OFFSET 0)` stays a look-up a row, where a join might
-- read all that is unfinished. What most requests do without has statements of its own: to plan it costs more than to run.
-- name: enqueue_new
-- index: user_state, tenant, task, task_live, request
WITH added AS (
  INSERT INTO slowwave.task(tenant_id, task_id, user_id, kind, state, priority, rank, reasons, options, created_at)
  SELECT $1, n.task_id, n.user_id, n.kind, 1, n.priority,
         ($2::timestamptz AT TIME ZONE 'UTC' - n.priority * interval '6 minutes') AT TIME ZONE 'UTC', n.reasons, n.options, $2
  FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    AS n(user_id, task_id, kind, priority, reasons, options, request_id)
  CROSS JOIN LATERAL (SELECT 1 FROM slowwave.user_state x WHERE x.tenant_id = $1 AND x.user_id = n.user_id
                      OFFSET 0 FOR UPDATE SKIP LOCKED) AS locked
  WHERE coalesce((SELECT t.max_waiting FROM slowwave.tenant t WHERE t.tenant_id = $1), 0) = 0
    AND NOT EXISTS (SELECT 1 FROM slowwave.task o
                    WHERE o.tenant_id = $1 AND o.user_id = n.user_id AND o.state IN (1, 2, 4) OFFSET 0)
    AND NOT EXISTS (SELECT 1 FROM slowwave.request r
                    WHERE r.tenant_id = $1 AND r.request_id = n.request_id AND r.at > $2::timestamptz - interval '1 day'
                    OFFSET 0)
  ON CONFLICT DO NOTHING
  RETURNING task_id, user_id, kind, state, priority, reasons, options, created_at, run_after, started_at, finished_at,
            attempt, last_error, run_id)
SELECT a.*, '' FROM added a

-- What the tasks that enqueue_new made of $3 were asked for as. Fails if one of the requests came in meanwhile. $2 now,
-- $4 requests, $5 their bodies, $6 their notes.
-- name: enqueue_noted
-- index: task, request
WITH made AS MATERIALIZED (
       SELECT n.*, t.user_id FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS n(task_id, request_id, body, note)
       CROSS JOIN LATERAL (SELECT x.user_id FROM slowwave.task x WHERE x.tenant_id = $1 AND x.task_id = n.task_id
                           OFFSET 0) AS t),
     noted AS (INSERT INTO slowwave.request AS r(tenant_id, request_id, user_id, body, task_id, joined, at, note)
               SELECT $1, m.request_id, m.user_id, m.body, m.task_id, false, $2, m.note FROM made m
               ON CONFLICT (tenant_id, request_id) DO UPDATE
               SET user_id = excluded.user_id, body = excluded.body, task_id = excluded.task_id, joined = excluded.joined,
                   at = excluded.at, note = excluded.note
               WHERE r.at AT TIME ZONE 'UTC' <= $2::timestamptz AT TIME ZONE 'UTC' - interval '1 day'
               RETURNING 1)
SELECT 1 / CASE WHEN (SELECT count(*) FROM noted) = (SELECT count(*) FROM made) THEN 1 ELSE 0 END

-- Somebody asked by hand for what enqueue_new made of $3: the user goes on, and their condition of kind $4 counts it.
-- name: enqueue_by_hand
-- index: task, user_state, trig
WITH made AS MATERIALIZED (
       SELECT t.user_id FROM unnest($3::text[]) AS n(task_id)
       CROSS JOIN LATERAL (SELECT x.user_id FROM slowwave.task x WHERE x.tenant_id = $1 AND x.task_id = n.task_id
                           OFFSET 0) AS t),
     resumed AS (UPDATE slowwave.user_state SET paused_by = ''
                 WHERE tenant_id = $1 AND user_id = ANY (ARRAY(SELECT m.user_id FROM made m)) AND paused_by <> '')
UPDATE slowwave.trig SET last_fired = $2, times_fired = times_fired + 1
WHERE tenant_id = $1 AND user_id = ANY (ARRAY(SELECT m.user_id FROM made m)) AND kind = $4

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

-- $2 states as bits (0: all), $3 the id of the last task of the page before (null: from the newest). Ids begin with the
-- time.
-- name: task_page_of_tenant
-- index: task
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM (SELECT * FROM slowwave.task k
      WHERE k.tenant_id = $1 AND ($2 = 0 OR ($2 >> k.state) & 1 = 1)
        AND k.task_id < coalesce($3, 'z')
      ORDER BY k.task_id DESC LIMIT $4) AS t
LEFT JOIN LATERAL (SELECT x.follow_up FROM slowwave.run x
                   WHERE x.tenant_id = $1 AND x.run_id = t.run_id AND t.state = 5 OFFSET 0) AS r ON true
ORDER BY t.task_id DESC

-- As task_page_of_tenant, but $3 and $4 are the time and id of the last task of the page before.
-- name: task_page_of_user
-- index: task_by_time
SELECT t.task_id, t.user_id, t.kind, t.state, t.priority, t.reasons, t.options, t.created_at, t.run_after,
       t.started_at, t.finished_at, t.attempt, t.last_error, t.run_id, coalesce(r.follow_up, '')
FROM (SELECT * FROM slowwave.task k
      WHERE k.tenant_id = $1 AND ($2 = 0 OR ($2 >> k.state) & 1 = 1)
        AND (k.created_at, k.task_id) < (coalesce($3, 'infinity'::timestamptz), $4) AND k.user_id = $6
        AND k.created_at > '-infinity'
      ORDER BY k.created_at DESC, k.task_id DESC LIMIT $5) AS t
LEFT JOIN LATERAL (SELECT x.follow_up FROM slowwave.run x
                   WHERE x.tenant_id = $1 AND x.run_id = t.run_id AND t.state = 5 OFFSET 0) AS r ON true
ORDER BY t.created_at DESC, t.task_id DESC

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
