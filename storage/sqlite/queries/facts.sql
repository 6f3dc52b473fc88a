-- name: assertions_of_key
-- index: assertion
SELECT key, id, run_id, value, value_type, type, state, said_at, valid_from, valid_to, turn, session, trust,
       confidence, episode_confidence, text, evidence, context
FROM assertion WHERE tenant_id = ?1 AND user_id = ?2 AND key = ?3 ORDER BY id;

-- name: assertions_of_user
-- index: assertion
SELECT key, id, run_id, value, value_type, type, state, said_at, valid_from, valid_to, turn, session, trust,
       confidence, episode_confidence, text, evidence, context
FROM assertion WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY key, id;

-- name: facts_of_key
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM fact WHERE tenant_id = ?1 AND user_id = ?2 AND key = ?3 ORDER BY ord;

-- name: facts_of_user
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM fact WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY key, ord;

-- Facts of one key sort by time, those without a beginning first. ?3..?5 the last row of the page before,
-- ?6 subject, ?7 category part, ?8 key ('': any), ?9 limit.
-- name: fact_page
-- index: fact
SELECT key, ord, category, subject, predicate, value, value_type, type, text, confidence, trust, temporal,
       valid_from, valid_to, closed, evidence, closing, run_id
FROM fact
WHERE tenant_id = ?1 AND user_id = ?2 AND key >= ?3
  AND (key, ifnull(valid_from, -9223372036854775807), ord) > (?3, ?4, ?5)
  AND (?6 = '' OR subject = ?6) AND (?7 = '' OR category_part = ?7) AND (?8 = '' OR key = ?8)
ORDER BY key, ifnull(valid_from, -9223372036854775807), ord LIMIT ?9;

-- name: fact_keys
-- index: fact
SELECT DISTINCT key FROM fact WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY key;

-- name: fact_delete_key
-- index: fact
DELETE FROM fact WHERE tenant_id = ?1 AND user_id = ?2 AND key = ?3;

-- name: fact_delete_user
-- index: fact
DELETE FROM fact WHERE tenant_id = ?1 AND user_id = ?2;

-- name: fact_insert
-- index: fact
INSERT INTO fact(tenant_id, user_id, key, ord, category, category_part, subject, predicate, value, value_type, type,
                 text, confidence, trust, temporal, valid_from, valid_to, closed, evidence, closing, run_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21);
