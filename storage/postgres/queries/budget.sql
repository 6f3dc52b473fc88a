-- A row a tenant; a new day begins it anew. The clock of a server that takes over may be behind: a day that has begun
-- goes on.

-- $2 wanted, $3 at least, $4 the day's limit, $5 now. What was granted (nothing, if not the least), the day, and
-- when that was (a cluster computes no time in RETURNING).
-- name: budget_draw
-- index: budget
INSERT INTO slowwave.budget AS b (tenant_id, day, spent, granted, drawn_at)
VALUES ($1, floor(extract(epoch FROM $5::timestamptz) / 86400)::bigint,
        CASE WHEN $4::bigint >= $3::bigint THEN least($2::bigint, $4::bigint) ELSE 0 END,
        CASE WHEN $4::bigint >= $3::bigint THEN least($2::bigint, $4::bigint) ELSE 0 END, $5::timestamptz)
ON CONFLICT (tenant_id) DO UPDATE SET
  day = greatest(b.day, excluded.day),
  spent = CASE WHEN b.day < excluded.day THEN excluded.spent
               WHEN $4::bigint - b.spent >= $3::bigint THEN b.spent + least($2::bigint, $4::bigint - b.spent)
               ELSE b.spent END,
  granted = CASE WHEN b.day < excluded.day THEN excluded.granted
                 WHEN $4::bigint - b.spent >= $3::bigint THEN least($2::bigint, $4::bigint - b.spent)
                 ELSE 0 END,
  drawn_at = excluded.drawn_at
RETURNING b.granted, b.day, b.drawn_at

-- $2 day, $3 tokens.
-- name: budget_return
-- index: budget
UPDATE slowwave.budget SET spent = greatest(0, spent - $3::bigint) WHERE tenant_id = $1 AND day = $2
