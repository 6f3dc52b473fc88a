-- The role that daemons connect with: it can do what a daemon does, and no more. Run it as the owner of the tables,
-- after `slowwave migrate up` and again after an upgrade; then give the role a password or a certificate, and have
-- daemons say `store.migrate: check`.
--
-- Episodes, assertions, quarantine, exchanges and the records of runs are inserted and (when they are erased or have
-- expired) deleted, never updated: Postgres itself sees to that here.
--
-- With row security (row_security.sql) a daemon becomes slowwave_discovery for the statements that look for tenants with
-- work, and only for these: that role can read a few columns of three tables, and change nothing. It is not inherited
-- (NOINHERIT), so that no other statement gets its rights.
--
-- An owner that may not make roles finds both made by somebody who may, as deploy/README.md has it; if they are not, or
-- not so, nothing is done, and the error says what that somebody is to run.
--
-- One transaction: daemons at work have the rights of before or those of after, and never none.
BEGIN;

DO $$
DECLARE
  outstanding text[] := '{}';
  statement text;
  service boolean := EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_service');
  discovery boolean := EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_discovery');
BEGIN
  IF NOT service THEN
    outstanding := outstanding || 'CREATE ROLE slowwave_service LOGIN NOINHERIT'::text;
  ELSIF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_service' AND rolinherit) THEN
    outstanding := outstanding || 'ALTER ROLE slowwave_service NOINHERIT'::text;
  END IF;
  IF NOT discovery THEN
    outstanding := outstanding || 'CREATE ROLE slowwave_discovery'::text;
  END IF;
  IF NOT (service AND discovery) OR NOT pg_has_role('slowwave_service', 'slowwave_discovery', 'MEMBER') THEN
    outstanding := outstanding || 'GRANT slowwave_discovery TO slowwave_service'::text;
  ELSIF current_setting('server_version_num')::int >= 160000
      AND pg_has_role('slowwave_service', 'slowwave_discovery', 'USAGE') THEN
    -- From 16 on it is the membership that inherits, as the role did when it was made a member.
    outstanding := outstanding || 'GRANT slowwave_discovery TO slowwave_service WITH INHERIT FALSE'::text;
  END IF;
  FOREACH statement IN ARRAY outstanding LOOP
    EXECUTE statement;
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION '% may not make or change the roles that daemons need: %', current_user, SQLERRM
    USING ERRCODE = 'insufficient_privilege',
          HINT = format('Have a superuser, or a role with CREATEROLE, run this, and then run roles.sql again: %s; '
                        'A new slowwave_service also needs a password.', array_to_string(outstanding, '; '));
END $$;

GRANT USAGE ON SCHEMA slowwave TO slowwave_service;
REVOKE ALL ON ALL TABLES IN SCHEMA slowwave FROM slowwave_service;
GRANT SELECT ON ALL TABLES IN SCHEMA slowwave TO slowwave_service;
GRANT INSERT, DELETE ON slowwave.episode, slowwave.assertion, slowwave.fact, slowwave.review, slowwave.quarantine,
  slowwave.run, slowwave.exchange, slowwave.erased TO slowwave_service;
GRANT INSERT, UPDATE, DELETE ON slowwave.tenant, slowwave.slot, slowwave.user_state, slowwave.trig, slowwave.pending,
  slowwave.task, slowwave.plan, slowwave.request, slowwave.budget TO slowwave_service;

GRANT USAGE ON SCHEMA slowwave TO slowwave_discovery;
-- Citus takes no grants of columns on distributed tables. Row security, which these are for, is not for it anyway.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    GRANT SELECT (tenant_id, weight, paused) ON slowwave.tenant TO slowwave_discovery;
    GRANT SELECT (tenant_id, state, rank, lease_until, run_after) ON slowwave.task TO slowwave_discovery;
    GRANT SELECT (tenant_id, next_due) ON slowwave.trig TO slowwave_discovery;
  END IF;
END $$;

COMMIT;
