-- name: episodes_known
-- index: episode
SELECT e.* FROM unnest($3::text[]) AS v(id)
CROSS JOIN LATERAL (SELECT x.id, x.digest, x.occurred_at FROM slowwave.episode x
                    WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = v.id OFFSET 0) AS e

-- name: episodes_erased
-- index: erased
SELECT id_hash FROM slowwave.erased WHERE tenant_id = $1 AND user_id = $2 AND id_hash = ANY ($3::bytea[])

-- name: episode_insert
-- index: episode
INSERT INTO slowwave.episode(tenant_id, user_id, id, digest, type, origin, status, occurred_at, turn, session_id,
                             speaker, importance, confidence, access_count, text, entities, metadata, embedding)
SELECT $1, $2, e.* FROM unnest($3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[],
  $9::bigint[], $10::text[], $11::text[], $12::float8[], $13::float8[], $14::bigint[], $15::text[], $16::text[],
  $17::text[], $18::bytea[]) AS e

-- name: pending_insert
-- index: pending
INSERT INTO slowwave.pending(tenant_id, user_id, id, type, occurred_at, importance, confidence, access_count, bytes)
SELECT $1, $2, p.* FROM unnest($3::text[], $4::bigint[], $5::timestamptz[], $6::float8[], $7::float8[], $8::bigint[],
  $9::bigint[]) AS p

-- name: episode_get
-- index: episode, pending, review
SELECT e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata, e.embedding,
       p.id IS NOT NULL, coalesce(p.tries, r.tries, 0), coalesce(r.state, 0::smallint), r.run_id
FROM slowwave.episode e
LEFT JOIN LATERAL (SELECT x.id, x.tries FROM slowwave.pending x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = e.id OFFSET 0) AS p ON true
LEFT JOIN LATERAL (SELECT x.state, x.status, x.tries, x.run_id FROM slowwave.review x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = e.id OFFSET 0) AS r ON true
WHERE e.tenant_id = $1 AND e.user_id = $2 AND e.id = $3

-- $3 and $4 the last row of the page before.
-- name: episode_page
-- index: episode_by_time, pending, review
SELECT e.id, e.type, e.origin, coalesce(nullif(r.status, 0), e.status), e.occurred_at, e.turn, e.session_id,
       e.speaker, e.importance, e.confidence, e.access_count, e.text, e.entities, e.metadata, e.embedding,
       p.id IS NOT NULL, coalesce(p.tries, r.tries, 0), coalesce(r.state, 0::smallint), r.run_id
FROM (SELECT * FROM slowwave.episode x
      WHERE x.tenant_id = $1 AND x.user_id = $2 AND (x.occurred_at, x.id) > ($3, $4) AND x.occurred_at > '-infinity'
      ORDER BY x.occurred_at, x.id LIMIT $5) AS e
LEFT JOIN LATERAL (SELECT x.id, x.tries FROM slowwave.pending x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = e.id OFFSET 0) AS p ON true
LEFT JOIN LATERAL (SELECT x.state, x.status, x.tries, x.run_id FROM slowwave.review x
                   WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.id = e.id OFFSET 0) AS r ON true
ORDER BY e.occurred_at, e.id
