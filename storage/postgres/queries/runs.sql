-- A plan carries its run's id from one attempt to the next, so whose run it is the attempt says. $3 attempt.
-- name: run_answer
-- index: run, task
SELECT r.user_id, r.task_id, r.memory_version, r.follow_up, coalesce(t.attempt = $3, false)
FROM slowwave.run r LEFT JOIN slowwave.task t ON t.tenant_id = r.tenant_id AND t.task_id = r.task_id
WHERE r.tenant_id = $1 AND r.run_id = $2

-- A run and what its task says, as in run_page.
-- name: run_get
-- index: run, task
SELECT r.user_id, r.run_id, r.task_id, r.started_at, r.finished_at, r.succeeded, r.report, t.kind, t.reasons, t.attempt,
       r.change_set
FROM slowwave.run r
LEFT JOIN LATERAL (SELECT k.kind, k.reasons, k.attempt FROM slowwave.task k
                   WHERE k.tenant_id = $1 AND k.task_id = r.task_id OFFSET 0) AS t ON true
WHERE r.tenant_id = $1 AND r.run_id = $2

-- Runs that found nothing to read share the version of the one before. $3 to $5 the last row of the page before.
-- name: run_page
-- index: run_by_version, task
SELECT r.memory_version, r.run_id, r.task_id, r.started_at, r.finished_at, r.succeeded, r.report, t.kind, t.reasons,
       t.attempt
FROM (SELECT * FROM slowwave.run x
      WHERE x.tenant_id = $1 AND x.user_id = $2
        AND (x.memory_version, x.finished_at, x.run_id) < ($3, coalesce($4, 'infinity'::timestamptz), $5)
        AND x.memory_version >= 0
      ORDER BY x.memory_version DESC, x.finished_at DESC, x.run_id DESC LIMIT $6) AS r
LEFT JOIN LATERAL (SELECT k.kind, k.reasons, k.attempt FROM slowwave.task k
                   WHERE k.tenant_id = $1 AND k.task_id = r.task_id OFFSET 0) AS t ON true
ORDER BY r.memory_version DESC, r.finished_at DESC, r.run_id DESC

-- The statements of a commit, in its order. Each lies in the user's lock, which the first takes.

-- Fails unless the memory is still at $3.
-- name: commit_lock
-- index: user_state
WITH locked AS (SELECT memory_version FROM slowwave.user_state WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE)
SELECT 1 / count(*) FROM locked WHERE memory_version = $3

-- Fails unless the lease holds. $6 now, $7 run.
-- name: commit_task
-- index: task
WITH done AS (UPDATE slowwave.task
              SET state = 5, finished_at = $6, run_id = $7, lease_token = NULL, lease_until = NULL,
                  lease_owner = NULL
              WHERE tenant_id = $1 AND task_id = $2 AND user_id = $3 AND lease_token = $4 AND attempt = $5
                AND state + 0 = 2
              RETURNING 1)
SELECT 1 / count(*) FROM done

-- name: commit_plan
-- index: plan
DELETE FROM slowwave.plan WHERE tenant_id = $1 AND task_id = $2

-- Takes episodes out of pending into review and the facts of replaced slots away, and counts. Fails unless all ($6)
-- were pending. $3 ids, $4 states, $5 statuses, $7 run, $8 keys, $9 facts to come, $10 unreadable, $11 quarantined,
-- $12 stamp. Rows are looked up by their whole key and deleted by place, which the user's lock keeps: a planner that
-- underestimates a user would read all that is pending for each.
-- name: commit_review
-- index: pending, review, fact, user_state
WITH taken AS (DELETE FROM slowwave.pending
               WHERE tenant_id = $1 AND ctid = ANY (ARRAY(
                 SELECT p.place FROM unnest($3::text[]) AS v(id)
                 CROSS JOIN LATERAL (SELECT x.ctid AS place FROM slowwave.pending x
                                     WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = v.id OFFSET 0) AS p))
               RETURNING id, tries, bytes),
     noted AS (INSERT INTO slowwave.review(tenant_id, user_id, id, run_id, state, status, tries)
               SELECT $1, $2, t.id, $7, v.state, v.status, t.tries
               FROM taken t JOIN unnest($3::text[], $4::bigint[], $5::bigint[]) AS v(id, state, status) ON v.id = t.id),
     gone AS (DELETE FROM slowwave.fact WHERE tenant_id = $1 AND user_id = $2 AND key = ANY ($8::text[]) RETURNING 1),
     counted AS (UPDATE slowwave.user_state
                 SET memory_version = memory_version + 1,
                     pending = pending - (SELECT count(*) FROM taken),
                     pending_bytes = pending_bytes - (SELECT coalesce(sum(bytes), 0)::bigint FROM taken),
                     facts = facts - (SELECT count(*) FROM gone) + $9,
                     unreadable = unreadable + $10, quarantined = quarantined + $11,
                     fold_stamp = coalesce(nullif($12, ''), fold_stamp)
                 WHERE tenant_id = $1 AND user_id = $2
                 RETURNING 1)
SELECT 1 / CASE WHEN (SELECT count(*) FROM taken) = $6 THEN 1 ELSE 0 END FROM counted

-- $4 not before.
-- name: commit_left
-- index: pending
UPDATE slowwave.pending SET tries = tries + 1, not_before = $5::timestamptz + $4 * interval '1 microsecond'
WHERE tenant_id = $1 AND user_id = $2 AND id = ANY ($3::text[])

-- The id is a digest of content and run: the same twice is one assertion.
-- name: commit_assertions
-- index: assertion
INSERT INTO slowwave.assertion(tenant_id, user_id, key, id, run_id, value, value_type, type, state, said_at, valid_from,
                               valid_to, turn, session, trust, confidence, episode_confidence, text, evidence, context)
SELECT $1, $2, a.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::bigint[], $14::text[], $15::bigint[], $16::float8[],
  $17::float8[], $18::text[], $19::text[], $20::text[]) AS a
ON CONFLICT DO NOTHING

-- name: commit_quarantine
-- index: quarantine
INSERT INTO slowwave.quarantine(tenant_id, user_id, at, run_id, ordinal, reason, detail, text, key, value, evidence)
SELECT $1, $2, q.* FROM unnest($3::timestamptz[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::text[]) AS q

-- The task behind is the follow-up. $3 now.
-- name: commit_behind
-- index: task_behind
UPDATE slowwave.task SET state = 1,
  rank = ($3::timestamptz AT TIME ZONE 'UTC' - priority * interval '6 minutes') AT TIME ZONE 'UTC'
WHERE tenant_id = $1 AND user_id = $2 AND state = 3

-- Or a new one, if the run ($3 its task) left what the next would find: $4 id of the new, $5 reasons, $6 now;
-- then as in sampling.sql: $7 types, $8 importance, $9 confidence, $10 and $11 window, $12 ignore backoff; $13 ids that
-- do not count.
-- name: commit_backlog
-- index: task, task_live, pending
INSERT INTO slowwave.task(tenant_id, task_id, user_id, kind, state, priority, rank, reasons, options, created_at)
SELECT t.tenant_id, $4, t.user_id, t.kind, 1, t.priority,
       ($6::timestamptz AT TIME ZONE 'UTC' - t.priority * interval '6 minutes') AT TIME ZONE 'UTC',
       $5, (t.options::jsonb - 'ignore_backoff')::text, $6
FROM slowwave.task t
WHERE t.tenant_id = $1 AND t.user_id = $2 AND t.task_id = $3
  AND NOT EXISTS (SELECT 1 FROM slowwave.task l WHERE l.tenant_id = $1 AND l.user_id = $2 AND l.state IN (1, 2, 4))
  AND CASE WHEN (SELECT u.pending <= cardinality($13::text[]) FROM slowwave.user_state u
                 WHERE u.tenant_id = $1 AND u.user_id = $2) THEN false
      ELSE EXISTS (SELECT 1 FROM slowwave.pending p
              WHERE p.tenant_id = $1 AND p.user_id = $2
                AND ($7 = 0 OR ($7 >> p.type) & 1 = 1)
                AND p.importance >= $8 AND p.confidence >= $9
                AND ($10::timestamptz IS NULL OR p.occurred_at >= $10) AND ($11::timestamptz IS NULL OR p.occurred_at < $11)
                AND ($12 OR p.not_before IS NULL OR p.not_before <= $6)
                AND p.id <> ALL ($13::text[])) END

-- name: commit_run
-- index: run, task_live
INSERT INTO slowwave.run(tenant_id, user_id, run_id, task_id, started_at, finished_at, succeeded, memory_version,
                         report, change_set, follow_up)
SELECT u.tenant_id, u.user_id, $3, $4, $5, $6, $7, u.memory_version, $8, $9,
       coalesce((SELECT l.task_id FROM slowwave.task l
                 WHERE l.tenant_id = $1 AND l.user_id = $2 AND l.state IN (1, 2, 4)), '')
FROM slowwave.user_state u WHERE u.tenant_id = $1 AND u.user_id = $2
RETURNING memory_version, follow_up

-- name: commit_still_pending
-- index: pending
SELECT count(*) FROM slowwave.pending WHERE tenant_id = $1 AND user_id = $2 AND id = ANY ($3::text[])

-- name: quarantine_page
-- index: quarantine
SELECT at, run_id, ordinal, reason, detail, text, key, value, evidence FROM slowwave.quarantine
WHERE tenant_id = $1 AND user_id = $2 AND (at, run_id, ordinal) > (coalesce($3, '-infinity'::timestamptz), $4, $5)
ORDER BY at, run_id, ordinal LIMIT $6
