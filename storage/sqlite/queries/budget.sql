-- A row a tenant; a new day begins it anew. A day that has begun goes on if the clock is set back.

-- ?2 day, ?3 wanted, ?4 at least, ?5 the day's limit, ?6 now. What was granted (nothing, if not the least) and the day.
-- name: budget_draw
-- index: budget
INSERT INTO budget(tenant_id, day, spent, granted, drawn_at)
VALUES (?1, ?2, CASE WHEN ?5 >= ?4 THEN min(?3, ?5) ELSE 0 END, CASE WHEN ?5 >= ?4 THEN min(?3, ?5) ELSE 0 END,
        ?6)
ON CONFLICT(tenant_id) DO UPDATE SET
  day = max(day, excluded.day),
  spent = CASE WHEN day < excluded.day THEN excluded.spent
               WHEN ?5 - spent >= ?4 THEN spent + min(?3, ?5 - spent)
               ELSE spent END,
  granted = CASE WHEN day < excluded.day THEN excluded.granted
                 WHEN ?5 - spent >= ?4 THEN min(?3, ?5 - spent)
                 ELSE 0 END,
  drawn_at = excluded.drawn_at
RETURNING granted, day;

-- ?2 day, ?3 tokens.
-- name: budget_return
-- index: budget
UPDATE budget SET spent = max(0, spent - ?3) WHERE tenant_id = ?1 AND day = ?2;
