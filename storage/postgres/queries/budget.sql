-- A row a tenant; a new day begins it anew. The clock of a server that takes over may be behind: a day that has begun
-- goes on.

-- $2 wanted, $3 at least, $4 the day's limit, $5 now. What was granted (nothing, if not the least), the day, and how
-- many microseconds it lasts.
-- name: budget_draw
-- index: budget
WITH at AS (SELECT floor(extract(epoch FROM $5::timestamptz) / 86400)::bigint AS day,
                   extract(epoch FROM $5::timestamptz) AS seconds)
INSERT INTO slowwave.budget AS b (tenant_id, day, spent, granted)
SELECT $1, at.day, CASE WHEN $4::bigint >= $3::bigint THEN least($2::bigint, $4::bigint) ELSE 0 END,
       CASE WHEN $4::bigint >= $3::bigint THEN least($2::bigint, $4::bigint) ELSE 0 END
FROM at
ON CONFLICT (tenant_id) DO UPDATE SET
  day = greatest(b.day, excluded.day),
  spent = CASE WHEN b.day < excluded.day THEN excluded.spent
               WHEN $4::bigint - b.spent >= $3::bigint THEN b.spent + least($2::bigint, $4::bigint - b.spent)
               ELSE b.spent END,
  granted = CASE WHEN b.day < excluded.day THEN excluded.granted
                 WHEN $4::bigint - b.spent >= $3::bigint THEN least($2::bigint, $4::bigint - b.spent)
                 ELSE 0 END
RETURNING b.granted, b.day, ((b.day + 1) * 86400000000 - extract(epoch FROM $5::timestamptz) * 1000000)::bigint

-- $2 day, $3 tokens.
-- name: budget_return
-- index: budget
UPDATE slowwave.budget SET spent = greatest(0, spent - $3::bigint) WHERE tenant_id = $1 AND day = $2
