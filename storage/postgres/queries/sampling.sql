-- What a sample and a stored plan's have in common: the episodes `shown`, and their context as rows of `ordinal` 0, with
-- the `turns` that were `asked` for. An episode without a turn has its neighbours by time; windows of turns that touch
-- are read in one go. Derived episodes are nobody's words, and an unreadable one would get its neighbours refused.
-- LATERAL with OFFSET 0 has each row looked up by its whole key: a planner that has not seen the tables yet would as
-- soon read all of a user's.
-- fragment: shown_and_near
windows AS (
  SELECT session_id, turn - k AS low, turn + k AS high,
         coalesce(lag(turn) OVER by_turn + k + 1 < turn - k, true) AS apart
  FROM (SELECT s.session_id, s.turn::bigint AS turn, a.turns AS k FROM shown s, asked a
        WHERE s.session_id <> '' AND s.turn IS NOT NULL AND a.turns > 0) AS turns
  WINDOW by_turn AS (PARTITION BY session_id ORDER BY turn)
), joined AS (
  SELECT session_id, min(low) AS low, max(high) AS high
  FROM (SELECT *, count(*) FILTER (WHERE apart) OVER (PARTITION BY session_id ORDER BY low) AS part FROM windows) AS parts
  GROUP BY session_id, part
), near AS (
  SELECT n.id FROM joined j CROSS JOIN LATERAL (
    SELECT e.id FROM slowwave.episode e
    WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.session_id = j.session_id AND e.session_id <> ''
      AND e.turn IS NOT NULL AND e.turn BETWEEN j.low AND j.high
    OFFSET 0) AS n
  UNION
  SELECT n.id FROM shown s CROSS JOIN asked CROSS JOIN LATERAL (
    (SELECT b.id FROM slowwave.episode b
     WHERE b.tenant_id = $1 AND b.user_id = $2 AND b.session_id = s.session_id AND b.session_id <> ''
       AND b.turn IS NULL AND (b.occurred_at, b.id) < (s.occurred_at, s.id) AND b.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = b.id), 0) <> 3
     ORDER BY b.occurred_at DESC, b.id DESC LIMIT asked.turns)
    UNION ALL
    (SELECT a.id FROM slowwave.episode a
     WHERE a.tenant_id = $1 AND a.user_id = $2 AND a.session_id = s.session_id AND a.session_id <> ''
       AND a.turn IS NULL AND (a.occurred_at, a.id) > (s.occurred_at, s.id) AND a.origin <> 4
       AND coalesce((SELECT r.state FROM slowwave.review r
                     WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.id = a.id), 0) <> 3
     ORDER BY a.occurred_at, a.id LIMIT asked.turns)) AS n
  WHERE s.session_id <> '' AND s.turn IS NULL AND asked.turns > 0
), found AS (
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
)

-- What passes a SampleSpec, beside what does not and why, which the first row has even if nothing passes. $3 types as
-- bits (0: all), $4 least importance, $5 least confidence, $6 and $7 window or null, $8 whether the backoff is ignored,
-- $9 now, $10 the time at which the age is taken (an episode from later has no age; microseconds, so that the score is
-- the embedded store's to the bit), $11 limit, $12 turns.
-- name: sample
-- index: pending, episode, episode_turn, episode_session, review
WITH asked AS (SELECT $12::bigint AS turns), judged AS MATERIALIZED (
  SELECT id, tries, occurred_at, importance, access_count,
         $3 = 0 OR ($3 >> type) & 1 = 1 AS type_ok,
         importance >= $4 AND confidence >= $5 AS threshold_ok,
         ($6::timestamptz IS NULL OR occurred_at >= $6) AND ($7::timestamptz IS NULL OR occurred_at < $7) AS window_ok,
         $8 OR not_before IS NULL OR not_before <= $9 AS backoff_ok
  FROM slowwave.pending WHERE tenant_id = $1 AND user_id = $2
), counts AS (
  SELECT count(*) FILTER (WHERE NOT type_ok) AS of_type,
         count(*) FILTER (WHERE type_ok AND NOT threshold_ok) AS of_threshold,
         count(*) FILTER (WHERE type_ok AND threshold_ok AND NOT window_ok) AS of_window,
         count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND NOT backoff_ok) AS of_backoff,
         count(*) FILTER (WHERE type_ok AND threshold_ok AND window_ok AND backoff_ok) AS eligible
  FROM judged
), ranked AS MATERIALIZED (
  SELECT id, tries, row_number() OVER (
      ORDER BY 0.4 * importance + 0.3 * least(ln(1.0::float8 + access_count) / 5.0::float8, 1.0::float8)
                 + 0.3 / (1.0 + 0.1 * greatest(
                     round(date_part('epoch', $10 - occurred_at) * 1e6) / 86400e6::float8, 0.0)) DESC,
               occurred_at, id) AS ordinal
  FROM judged WHERE type_ok AND threshold_ok AND window_ok AND backoff_ok
  ORDER BY ordinal LIMIT $11
), shown AS MATERIALIZED (
  SELECT r.ordinal, r.tries, e.* FROM ranked r
  CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = r.id OFFSET 0) AS e
),
-- then: shown_and_near
SELECT f.*, c.* FROM counts c LEFT JOIN found f ON true

-- The same for a stored plan. $3 ids in its order, $4 turns.
-- name: sample_planned
-- index: pending, episode, episode_turn, episode_session, review
WITH asked AS (SELECT $4::bigint AS turns), shown AS MATERIALIZED (
  SELECT w.ordinal, p.tries, e.*
  FROM unnest($3::text[]) WITH ORDINALITY AS w(id, ordinal)
  CROSS JOIN LATERAL (SELECT x.tries FROM slowwave.pending x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = w.id OFFSET 0) AS p
  CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = w.id OFFSET 0) AS e
),
-- then: shown_and_near
SELECT * FROM found

-- The same for episodes by name, pending or not.
-- name: sample_named
-- index: episode, episode_turn, episode_session, review
WITH asked AS (SELECT $4::bigint AS turns), shown AS MATERIALIZED (
  SELECT w.ordinal, 0 AS tries, e.*
  FROM unnest($3::text[]) WITH ORDINALITY AS w(id, ordinal)
  CROSS JOIN LATERAL (SELECT * FROM slowwave.episode x
                      WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = w.id OFFSET 0) AS e
),
-- then: shown_and_near
SELECT * FROM found
