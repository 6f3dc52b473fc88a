-- Settings are local to the transaction: nothing is left in the session. `slowwave.tenant` says whose rows it is about,
-- which row security goes by (deploy/sql/row_security.sql).

-- $1 tenant. No bitmaps: all lookups are by key, and a bitmap's scan never marks what is dead in an index, so that it
-- would be read until vacuum. No compilation: where a kind of scan is off, costs look high enough for it, and it would
-- take 30 ms of a statement that takes less than one.
-- name: transaction_plans
-- index: none
SELECT set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true),
       set_config('slowwave.tenant', $1, true)

-- The time of the transaction, and how long it may take; its tenant ($3) and plans as above.
-- name: transaction_settings
-- index: none
SELECT now(), set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true),
       set_config('idle_in_transaction_session_timeout', $2, true), set_config('enable_bitmapscan', 'off', true),
       set_config('jit', 'off', true), set_config('slowwave.tenant', $3, true)

-- For what is sent alone, or learns its tenant late.
-- name: transaction_tenant
-- index: none
SELECT set_config('slowwave.tenant', $1, true)

-- For what looks for tenants with work, where row security holds: by a role that may see that much. Whoever has the
-- rights of the tables' owner needs no role, but to say so. (A name in place of a tenant's would not do: a tenant might
-- be called so.) From Postgres 16 on a member may lack the right to become the role, as whoever made it does.
-- name: transaction_across
-- index: none
SELECT set_config('slowwave.across', 'on', true),
       (SELECT set_config('role', r.rolname::text, true) FROM pg_roles r, pg_class c
        WHERE r.rolname = 'slowwave_discovery' AND c.oid = 'slowwave.task'::regclass
          AND row_security_active(c.oid) AND NOT pg_has_role(c.relowner, 'USAGE') AND pg_has_role(r.oid,
            CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END))

-- What the other statements of the transaction take the time to be.
-- name: clock
-- index: none
SELECT $1::timestamptz

-- name: ping
-- index: none
SELECT coalesce(max(version), 0)::bigint FROM slowwave.schema_migration
