-- Settings are local to the transaction: nothing is left in the session.

-- No bitmaps: all lookups are by key, and a bitmap's scan never marks what is dead in an index, so that it would be
-- read until vacuum.
-- name: transaction_plans
-- index: none
SELECT set_config('enable_bitmapscan', 'off', true)

-- The time of the transaction, and how long it may take; and plans as above.
-- name: transaction_settings
-- index: none
SELECT now(), set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true),
       set_config('idle_in_transaction_session_timeout', $2, true), set_config('enable_bitmapscan', 'off', true)

-- What the other statements of the transaction take the time to be.
-- name: clock
-- index: none
SELECT $1::timestamptz

-- name: ping
-- index: none
SELECT coalesce(max(version), 0)::bigint FROM slowwave.schema_migration
