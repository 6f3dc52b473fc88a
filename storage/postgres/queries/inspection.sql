-- What `slowwave doctor` looks at: Postgres' own catalogues, no table of ours.

-- name: inspect_role
-- index: none
SELECT current_user, r.rolsuper, r.rolbypassrls, pg_is_in_recovery(), current_setting('server_version'),
       coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'slowwave'), false),
       clock_timestamp()
FROM pg_roles r WHERE r.rolname = current_user

-- name: inspect_tables
-- index: none
SELECT c.relname, pg_has_role(c.relowner, 'USAGE'), c.relrowsecurity, c.relforcerowsecurity,
       has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'),
       has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'slowwave' AND c.relkind IN ('r', 'p')
ORDER BY c.relname
