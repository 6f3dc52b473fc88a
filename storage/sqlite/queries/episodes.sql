-- name: episode_known
-- index: episode
SELECT digest, occurred_at FROM episode WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3;

-- name: episode_erased
-- index: erased
SELECT 1 FROM erased WHERE tenant_id = ?1 AND user_id = ?2 AND id_hash = ?3;

-- name: episode_insert
-- index: episode
INSERT INTO episode(tenant_id, user_id, id, digest, type, origin, status, occurred_at, turn, session_id, speaker,
                    importance, confidence, access_count, text, entities, metadata, embedding)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18);

-- name: pending_insert
-- index: pending
INSERT INTO pending(tenant_id, user_id, id, type, occurred_at, importance, confidence, access_count, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: episode_get
-- index: episode, pending, review, run
SELECT e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id, e.speaker,
       e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata, e.embedding,
       p.id IS NOT NULL, coalesce(p.tries, r.tries, 0), coalesce(r.state, 0), run.run_id
FROM episode e
LEFT JOIN pending p ON p.tenant_id = e.tenant_id AND p.user_id = e.user_id AND p.id = e.id
LEFT JOIN review r ON r.tenant_id = e.tenant_id AND r.user_id = e.user_id AND r.id = e.id
LEFT JOIN run ON run.run_no = r.run_no
WHERE e.tenant_id = ?1 AND e.user_id = ?2 AND e.id = ?3;

-- name: episode_page
-- index: episode_time
SELECT id, occurred_at FROM episode
WHERE tenant_id = ?1 AND user_id = ?2 AND (occurred_at, id) > (?3, ?4)
ORDER BY occurred_at, id LIMIT ?5;
