-- What `slowwave doctor` looks at: Postgres' own catalogues, no table of ours.

-- name: inspect_role
-- index: none
SELECT current_user, r.rolsuper, r.rolbypassrls, pg_is_in_recovery(), current_setting('server_version'),
       coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'slowwave'), false),
       clock_timestamp()
FROM pg_roles r WHERE r.rolname = current_user

-- As transaction_across (transaction.sql) does it. No row: there is no table yet.
-- name: inspect_across
-- index: none
SELECT NOT row_security_active(c.oid) OR pg_has_role(c.relowner, 'USAGE')
       OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'slowwave_discovery' AND pg_has_role(r.oid,
                    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'slowwave' AND c.relname = 'task'

-- name: inspect_tables
-- index: none
SELECT c.relname, pg_has_role(c.relowner, 'USAGE'), c.relrowsecurity, c.relforcerowsecurity,
       has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'),
       has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'slowwave' AND c.relkind IN ('r', 'p')
ORDER BY c.relname
