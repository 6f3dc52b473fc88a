-- Row level security: whatever a statement asks for, it gets the rows of the tenant that its transaction has named, and
-- none if it has named none. So a mistake in a statement cannot show or change another tenant's memory. Run it as the
-- owner of the tables, after roles.sql and, as that, again after an upgrade, after a restore and when the tables have
-- another owner: what is in place already is left alone.
--
-- Each transaction of a daemon begins with set_config('slowwave.tenant', ..., true), in the same round trip as its first
-- statement, and nothing is left in the session; so it works behind a pooler in transaction mode. A session that has not
-- named a tenant sees no row and can add none. What looks for tenants with work runs as slowwave_discovery instead (see
-- roles.sql). Which tenant it is that is named is the daemon's word: this is a net under its statements, not a defence
-- against somebody who holds its password.
--
-- FORCE: the owner is subject to it too, so that a daemon that connects as the owner is as safe. The owner, and nobody
-- else, sees all rows with slowwave.across = 'on', which is how migrations run, and a backup by the owner:
--   PGOPTIONS='-c slowwave.across=on' pg_dump --enable-row-security ...
-- The policy for that names the owner, as one that reads a setting for everybody would cost daemons their indexes: after
-- ALTER TABLE ... OWNER TO, or a restore under another name, the new owner sees nothing until this has been run again.
-- Superusers and roles with BYPASSRLS see everything, always; no daemon should connect as one.
--
-- Not for a Citus cluster, where it does nothing but say so: these settings stay on the coordinator (it passes on no more
-- than SET LOCAL, and that only with citus.propagate_set_commands = 'local'), so that daemons would see nothing on the
-- other nodes.
--
-- It needs each table for a moment alone, waits two seconds at most for that, and does all or nothing: run it again.
DO $$
DECLARE
  name text;
  owner text;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    RAISE EXCEPTION 'this is a database of Citus, whose other nodes do not hear which tenant a transaction has named'
      USING HINT = 'Leave row_security.sql out (deploy/README.md says how): '
                   'tenants are kept apart by the daemons'' statements.';
  END IF;
  PERFORM set_config('lock_timeout', '2s', true), set_config('client_min_messages', 'warning', true);
  FOR name, owner IN
    SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'slowwave'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity
               AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')
               AND EXISTS (SELECT 1 FROM pg_policy p
                           WHERE p.polrelid = c.oid AND p.polname = 'everything' AND p.polroles = ARRAY[c.relowner])
               AND (c.relname NOT IN ('tenant', 'task', 'trig')
                    OR EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'across')))
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP POLICY IF EXISTS tenant ON slowwave.%I', name);
    EXECUTE format('DROP POLICY IF EXISTS everything ON slowwave.%I', name);
    EXECUTE format('DROP POLICY IF EXISTS across ON slowwave.%I', name);
    EXECUTE format('CREATE POLICY tenant ON slowwave.%I USING (tenant_id = current_setting(''slowwave.tenant'', true))',
                   name);
    EXECUTE format('CREATE POLICY everything ON slowwave.%I TO %I '
                   'USING (current_setting(''slowwave.across'', true) = ''on'')', name, owner);
    IF name IN ('tenant', 'task', 'trig') THEN
      EXECUTE format('CREATE POLICY across ON slowwave.%I FOR SELECT TO slowwave_discovery USING (true)', name);
    END IF;
    EXECUTE format('ALTER TABLE slowwave.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;
