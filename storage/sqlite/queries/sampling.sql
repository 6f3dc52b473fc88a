-- What passes a SampleSpec, and what does not and why. ?3 types as bits (0: all), ?4 least importance,
-- ?5 least confidence, ?6 and ?7 window or NULL, ?8 now (NULL: ignore the backoff).

-- name: sample_counts
-- index: pending
SELECT count(*) FILTER (WHERE NOT type_ok),
       count(*) FILTER (WHERE type_ok AND NOT threshold_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND NOT window_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND NOT backoff_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND backoff_ok)
FROM (SELECT ?3 = 0 OR (?3 >> type) & 1 AS type_ok,
             importance >= ?4 AND confidence >= ?5 AS threshold_ok,
             (?6 IS NULL OR occurred_at >= ?6) AND (?7 IS NULL OR occurred_at < ?7) AS window_ok,
             ?8 IS NULL OR not_before IS NULL OR not_before <= ?8 AS backoff_ok
      FROM pending WHERE tenant_id = ?1 AND user_id = ?2);

-- ?9 the time at which the age is taken, ?10 limit. An episode from later than that has no age.
-- name: sample_ranked
-- index: pending
SELECT id, tries FROM pending
WHERE tenant_id = ?1 AND user_id = ?2
  AND (?3 = 0 OR (?3 >> type) & 1)
  AND importance >= ?4 AND confidence >= ?5
  AND (?6 IS NULL OR occurred_at >= ?6) AND (?7 IS NULL OR occurred_at < ?7)
  AND (?8 IS NULL OR not_before IS NULL OR not_before <= ?8)
ORDER BY 0.4 * importance + 0.3 * min(log1p(access_count) / 5.0, 1.0)
           + 0.3 / (1.0 + 0.1 * max((?9 - occurred_at) / 86400e6, 0.0)) DESC,
         occurred_at, id
LIMIT ?10;

-- Whether a follow-up would find something. ?9: a JSON list of ids that do not count (this run has just left
-- them, and with the backoff ignored they would come back at once).
-- name: sample_any
-- index: pending
SELECT 1 FROM pending
WHERE tenant_id = ?1 AND user_id = ?2
  AND (?3 = 0 OR (?3 >> type) & 1)
  AND importance >= ?4 AND confidence >= ?5
  AND (?6 IS NULL OR occurred_at >= ?6) AND (?7 IS NULL OR occurred_at < ?7)
  AND (?8 IS NULL OR not_before IS NULL OR not_before <= ?8)
  AND id NOT IN (SELECT value FROM json_each(?9))
LIMIT 1;

-- name: pending_get
-- index: pending
SELECT tries FROM pending WHERE tenant_id = ?1 AND user_id = ?2 AND id = ?3;

-- Neighbours of an episode that has a turn. Derived episodes are nobody's words, and an unreadable one would get
-- its neighbours refused.
-- name: context_by_turn
-- index: episode_turn, review
SELECT e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata
FROM episode e
LEFT JOIN review r ON r.tenant_id = e.tenant_id AND r.user_id = e.user_id AND r.id = e.id
WHERE e.tenant_id = ?1 AND e.user_id = ?2 AND e.session_id = ?3 AND e.session_id <> ''
  AND e.turn BETWEEN ?4 AND ?5 AND e.origin <> 4 AND coalesce(r.state, 0) <> 3;

-- Neighbours of one that has none, by time.
-- name: context_before
-- index: episode_session, review
SELECT e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata
FROM episode e
LEFT JOIN review r ON r.tenant_id = e.tenant_id AND r.user_id = e.user_id AND r.id = e.id
WHERE e.tenant_id = ?1 AND e.user_id = ?2 AND e.session_id = ?3 AND e.session_id <> ''
  AND (e.occurred_at, e.id) < (?4, ?5) AND e.origin <> 4 AND coalesce(r.state, 0) <> 3
ORDER BY e.occurred_at DESC, e.id DESC LIMIT ?6;

-- name: context_after
-- index: episode_session, review
SELECT e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata
FROM episode e
LEFT JOIN review r ON r.tenant_id = e.tenant_id AND r.user_id = e.user_id AND r.id = e.id
WHERE e.tenant_id = ?1 AND e.user_id = ?2 AND e.session_id = ?3 AND e.session_id <> ''
  AND (e.occurred_at, e.id) > (?4, ?5) AND e.origin <> 4 AND coalesce(r.state, 0) <> 3
ORDER BY e.occurred_at, e.id LIMIT ?6;
