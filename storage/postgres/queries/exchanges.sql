-- The journal. Its rows are written under the lease of the user's running task, of which there is one; so the task's
-- row is lock enough, and whoever ingests for the user meanwhile need not wait for megabytes of replies.

-- What is lost with the server is asked for again; the transaction need not wait for the disk. A run that used it
-- commits after it, and so has it on disk.
-- name: exchange_settings
-- index: none
SELECT set_config('synchronous_commit', 'off', true)

-- $3 hashes.
-- name: exchange_load
-- index: exchange
SELECT e.request_hash, e.reply, e.model, e.prompt_tokens, e.completion_tokens
FROM unnest($3::text[]) AS v(request_hash)
CROSS JOIN LATERAL (SELECT * FROM slowwave.exchange x
                    WHERE x.tenant_id = $1 AND x.user_id = $2 AND x.request_hash = v.request_hash OFFSET 0) AS e

-- $3 retention, $4 the run whose own stay, $5 limit, $6 now.
-- name: exchange_expire
-- index: exchange_age
DELETE FROM slowwave.exchange
WHERE tenant_id = $1 AND user_id = $2
  AND ctid = ANY (ARRAY(SELECT x.ctid FROM slowwave.exchange x
                        WHERE x.tenant_id = $1 AND x.user_id = $2
                          AND x.created_at < $6::timestamptz - $3 * interval '1 microsecond' AND x.run_id <> $4
                          AND x.run_id <> ''
                        ORDER BY x.created_at LIMIT $5))

-- $3 run, $4 hashes, $5 replies, $6 models, $7 and $8 tokens, $9 now.
-- name: exchange_put
-- index: exchange
INSERT INTO slowwave.exchange(tenant_id, user_id, run_id, created_at, request_hash, reply, model, prompt_tokens,
                              completion_tokens)
SELECT $1, $2, $3, $9, e.* FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS e
ON CONFLICT DO NOTHING
