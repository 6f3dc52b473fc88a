-- The time of the transaction, and how long it may take. Local to it: nothing is left in the session.
-- name: transaction_settings
-- index: none
SELECT now(), set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true),
       set_config('idle_in_transaction_session_timeout', $2, true)

-- What the other statements of the transaction take the time to be.
-- name: clock
-- index: none
SELECT $1::timestamptz

-- name: ping
-- index: none
SELECT count(*) FROM (SELECT 1 FROM slowwave.schema_migration LIMIT 1) AS one
