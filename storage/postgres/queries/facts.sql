-- name: assertions_of_keys
-- index: assertion
SELECT key, id, run_id, value, value_type, type, state, said_at, valid_from, valid_to, turn, session, trust,
       confidence, episode_confidence, text, evidence, context
FROM slowwave.assertion WHERE tenant_id = $1 AND user_id = $2 AND key = ANY ($3::text[]) ORDER BY key, id

-- name: assertions_of_user
-- index: assertion
SELECT key, id, run_id, value, value_type, type, state, said_at, valid_from, valid_to, turn, session, trust,
       confidence, episode_confidence, text, evidence, context
FROM slowwave.assertion WHERE tenant_id = $1 AND user_id = $2 ORDER BY key, id

-- name: facts_of_keys
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM slowwave.fact WHERE tenant_id = $1 AND user_id = $2 AND key = ANY ($3::text[]) ORDER BY key, ord

-- name: facts_of_user
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM slowwave.fact WHERE tenant_id = $1 AND user_id = $2 ORDER BY key, ord

-- Facts of one key sort by time, those without a beginning first. $3..$5 the last row of the page before,
-- $6 subject, $7 category part, $8 key ('': any), $9 limit.
-- name: fact_page
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM slowwave.fact
WHERE tenant_id = $1 AND user_id = $2 AND key >= $3
  AND (key, coalesce(valid_from, '-infinity'::timestamptz), ord) > ($3, coalesce($4, '-infinity'::timestamptz), $5)
  AND ($6 = '' OR subject = $6) AND ($7 = '' OR category_part = $7) AND ($8 = '' OR key = $8)
ORDER BY key, coalesce(valid_from, '-infinity'::timestamptz), ord LIMIT $9

-- name: fact_keys
-- index: fact
SELECT DISTINCT key FROM slowwave.fact WHERE tenant_id = $1 AND user_id = $2 ORDER BY key

-- $3 the version that the facts were made from, $4 stamp, $5 how many there will be.
-- name: facts_replace_all
-- index: fact, user_state
WITH gone AS (DELETE FROM slowwave.fact WHERE tenant_id = $1 AND user_id = $2 RETURNING 1),
     counted AS (UPDATE slowwave.user_state
                 SET memory_version = memory_version + 1, facts = facts - (SELECT count(*) FROM gone) + $5,
                     fold_stamp = coalesce(nullif($4, ''), fold_stamp)
                 WHERE tenant_id = $1 AND user_id = $2 AND memory_version = $3 RETURNING 1)
SELECT 1 / count(*) FROM counted

-- name: fact_insert
-- index: fact
INSERT INTO slowwave.fact(tenant_id, user_id, key, ord, category, category_part, subject, predicate, value,
                          value_type, type, text, confidence, trust, temporal, valid_from, valid_to, closed, evidence,
                          closing, run_id)
SELECT $1, $2, f.* FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::bigint[], $11::bigint[], $12::text[], $13::float8[], $14::bigint[], $15::bool[], $16::timestamptz[],
  $17::timestamptz[], $18::bool[], $19::text[], $20::text[], $21::text[]) AS f
