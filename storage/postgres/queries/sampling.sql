-- What passes a SampleSpec, and what does not and why. $3 types as bits (0: all), $4 least importance,
-- $5 least confidence, $6 and $7 window or null, $8 whether the backoff is ignored, $9 now.
-- name: sample_counts
-- index: pending
SELECT count(*) FILTER (WHERE NOT type_ok),
       count(*) FILTER (WHERE type_ok AND NOT threshold_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND NOT window_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND NOT backoff_ok),
       count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND backoff_ok)
FROM (SELECT $3 = 0 OR ($3 >> type) & 1 = 1 AS type_ok,
             importance >= $4 AND confidence >= $5 AS threshold_ok,
             ($6::timestamptz IS NULL OR occurred_at >= $6) AND ($7::timestamptz IS NULL OR occurred_at < $7) AS window_ok,
             $8 OR not_before IS NULL OR not_before <= $9 AS backoff_ok
      FROM slowwave.pending WHERE tenant_id = $1 AND user_id = $2) AS judged

-- The sample and its context in one go: rows of `ordinal` 0 are context. $10 the time at which the age is taken
-- (an episode from later has no age; microseconds, so that the score is the embedded store's to the bit), $11 limit,
-- $12 turns. An episode without a turn has its neighbours by time. Derived episodes are nobody's words, and an
-- unreadable one would get its neighbours refused. LATERAL with OFFSET 0 has each row looked up by its whole key: a
-- planner that has not seen the tables yet would as soon read all of a user's.
-- name: sample
-- index: pending, episode, episode_turn, episode_session, review
WITH ranked AS MATERIALIZED (
  SELECT id, tries, row_number() OVER (
      ORDER BY 0.4 * importance + 0.3 * least(ln(1.0::float8 + access_count) / 5.0::float8, 1.0::float8)
                 + 0.3 / (1.0 + 0.1 * greatest(
                     round(date_part('epoch', $10 - occurred_at) * 1e6) / 86400e6::float8, 0.0)) DESC,
               occurred_at, id) AS ordinal
  FROM slowwave.pending
  WHERE tenant_id = $1 AND user_id = $2
    AND ($3 = 0 OR ($3 >> type) & 1 = 1)
    AND importance >= $4 AND confidence >= $5
    AND ($6::timestamptz IS NULL OR occurred_at >= $6) AND ($7::timestamptz IS NULL OR occurred_at < $7)
    AND ($8 OR not_before IS NULL OR not_before <= $9)
  ORDER BY ordinal LIMIT $11
), shown AS MATERIALIZED (
  SELECT r.ordinal, r.tries, e.* FROM ranked r
  CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = r.id OFFSET 0) AS e
), near AS (
  SELECT n.id FROM shown s CROSS JOIN LATERAL (
    SELECT e.id FROM slowwave.episode e
    WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.session_id = s.session_id AND e.session_id <> ''
      AND e.turn IS NOT NULL AND e.turn BETWEEN s.turn::bigint - $12 AND s.turn::bigint + $12
    OFFSET 0) AS n
  WHERE s.session_id <> '' AND s.turn IS NOT NULL AND $12 > 0
  UNION
  SELECT n.id FROM shown s CROSS JOIN LATERAL (
    (SELECT b.id FROM slowwave.episode b
     WHERE b.tenant_id = $1 AND b.user_id = $2 AND b.session_id = s.session_id AND b.session_id <> ''
       AND b.turn IS NULL AND (b.occurred_at, b.id) < (s.occurred_at, s.id) AND b.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = b.id), 0) <> 3
     ORDER BY b.occurred_at DESC, b.id DESC LIMIT $12)
    UNION ALL
    (SELECT a.id FROM slowwave.episode a
     WHERE a.tenant_id = $1 AND a.user_id = $2 AND a.session_id = s.session_id AND a.session_id <> ''
       AND a.turn IS NULL AND (a.occurred_at, a.id) > (s.occurred_at, s.id) AND a.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = a.id), 0) <> 3
     ORDER BY a.occurred_at, a.id LIMIT $12)) AS n
  WHERE s.session_id <> '' AND s.turn IS NULL AND $12 > 0
)
SELECT s.ordinal, s.tries, s.id, s.type, s.origin, s.status, s.occurred_at, s.turn, s.session_id, s.speaker,
       s.importance, s.confidence, s.access_count, s.text, s.entities, s.metadata, s.embedding
FROM shown s
UNION ALL
SELECT 0, 0, e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata, NULL
FROM (SELECT id FROM near EXCEPT SELECT id FROM shown) AS n
CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                    WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = n.id OFFSET 0) AS e
LEFT JOIN LATERAL (SELECT x.state, x.status FROM slowwave.review x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = n.id OFFSET 0) AS r ON true
WHERE e.origin <> 4 AND coalesce(r.state, 0) <> 3

-- The same for a stored plan. $3 ids in its order, $4 turns.
-- name: sample_planned
-- index: pending, episode, episode_turn, episode_session, review
WITH shown AS MATERIALIZED (
  SELECT w.ordinal, p.tries, e.*
  FROM unnest($3::text[]) WITH ORDINALITY AS w(id, ordinal)
  CROSS JOIN LATERAL (SELECT x.tries FROM slowwave.pending x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = w.id OFFSET 0) AS p
  CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = w.id OFFSET 0) AS e
), near AS (
  SELECT n.id FROM shown s CROSS JOIN LATERAL (
    SELECT e.id FROM slowwave.episode e
    WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.session_id = s.session_id AND e.session_id <> ''
      AND e.turn IS NOT NULL AND e.turn BETWEEN s.turn::bigint - $4 AND s.turn::bigint + $4
    OFFSET 0) AS n
  WHERE s.session_id <> '' AND s.turn IS NOT NULL AND $4 > 0
  UNION
  SELECT n.id FROM shown s CROSS JOIN LATERAL (
    (SELECT b.id FROM slowwave.episode b
     WHERE b.tenant_id = $1 AND b.user_id = $2 AND b.session_id = s.session_id AND b.session_id <> ''
       AND b.turn IS NULL AND (b.occurred_at, b.id) < (s.occurred_at, s.id) AND b.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = b.id), 0) <> 3
     ORDER BY b.occurred_at DESC, b.id DESC LIMIT $4)
    UNION ALL
    (SELECT a.id FROM slowwave.episode a
     WHERE a.tenant_id = $1 AND a.user_id = $2 AND a.session_id = s.session_id AND a.session_id <> ''
       AND a.turn IS NULL AND (a.occurred_at, a.id) > (s.occurred_at, s.id) AND a.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = a.id), 0) <> 3
     ORDER BY a.occurred_at, a.id LIMIT $4)) AS n
  WHERE s.session_id <> '' AND s.turn IS NULL AND $4 > 0
)
SELECT s.ordinal, s.tries, s.id, s.type, s.origin, s.status, s.occurred_at, s.turn, s.session_id, s.speaker,
       s.importance, s.confidence, s.access_count, s.text, s.entities, s.metadata, s.embedding
FROM shown s
UNION ALL
SELECT 0, 0, e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata, NULL
FROM (SELECT id FROM near EXCEPT SELECT id FROM shown) AS n
CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                    WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = n.id OFFSET 0) AS e
LEFT JOIN LATERAL (SELECT x.state, x.status FROM slowwave.review x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = n.id OFFSET 0) AS r ON true
WHERE e.origin <> 4 AND coalesce(r.state, 0) <> 3
