-- A plan carries its run's id from one attempt to the next, so whose run it is the attempt says. ?3 attempt.
-- name: run_answer
-- index: run_id, task
SELECT r.user_id, r.task_id, r.memory_version, r.follow_up, ifnull(t.attempt = ?3, 0)
FROM run r LEFT JOIN task t ON t.tenant_id = r.tenant_id AND t.task_id = r.task_id
WHERE r.tenant_id = ?1 AND r.run_id = ?2;

-- name: run_insert
-- index: run
INSERT INTO run(tenant_id, user_id, run_id, task_id, started_at, finished_at, succeeded, memory_version, report,
                change_set)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING run_no;

-- name: run_set_follow_up
-- index: run
UPDATE run SET follow_up = ?2 WHERE run_no = ?1;

-- A run and what its task says, as in run_page.
-- name: run_get
-- index: run_id, task
SELECT r.user_id, r.run_id, r.task_id, r.started_at, r.finished_at, r.succeeded, r.report, t.kind, t.reasons, t.attempt,
       r.change_set
FROM run r LEFT JOIN task t ON t.tenant_id = ?1 AND t.task_id = r.task_id
WHERE r.tenant_id = ?1 AND r.run_id = ?2;

-- name: run_page
-- index: run_of_user, task
SELECT r.run_no, r.run_id, r.task_id, r.started_at, r.finished_at, r.succeeded, r.report, t.kind, t.reasons, t.attempt
FROM run r LEFT JOIN task t ON t.tenant_id = ?1 AND t.task_id = r.task_id
WHERE r.tenant_id = ?1 AND r.user_id = ?2 AND r.run_no < ?3 ORDER BY r.run_no DESC LIMIT ?4;

-- name: pending_take
-- index: pending
DELETE FROM pending WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3 RETURNING bytes, tries;

-- name: pending_leave
-- index: pending
UPDATE pending SET tries = tries + 1, not_before = ?4 WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3;

-- name: review_insert
-- index: review
INSERT INTO review(tenant_id, user_id, id, run_no, state, status, tries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- The id is a digest of content and run: the same twice is one assertion.
-- name: assertion_insert
-- index: assertion
INSERT INTO assertion(tenant_id, user_id, key, id, run_id, value, value_type, type, state, said_at, valid_from,
                      valid_to, turn, session, trust, confidence, episode_confidence, text, evidence, context)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
ON CONFLICT DO NOTHING;

-- name: quarantine_insert
-- index: quarantine
INSERT INTO quarantine(tenant_id, user_id, at, run_id, ordinal, reason, detail, text, key, value, evidence)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: quarantine_page
-- index: quarantine
SELECT at, run_id, ordinal, reason, detail, text, key, value, evidence FROM quarantine
WHERE tenant_id = ?1 AND user_id = ?2 AND (at, run_id, ordinal) > (?3, ?4, ?5)
ORDER BY at, run_id, ordinal LIMIT ?6;
