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
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_service') THEN
    CREATE ROLE slowwave_service LOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_discovery') THEN
    CREATE ROLE slowwave_discovery;
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_service' AND rolinherit) THEN
    ALTER ROLE slowwave_service NOINHERIT;
  END IF;
  IF NOT pg_has_role('slowwave_service', 'slowwave_discovery', 'MEMBER') THEN
    GRANT slowwave_discovery TO slowwave_service;
  END IF;
END $$;

GRANT USAGE ON SCHEMA slowwave TO slowwave_service;
REVOKE ALL ON ALL TABLES IN SCHEMA slowwave FROM slowwave_service;
GRANT SELECT ON ALL TABLES IN SCHEMA slowwave TO slowwave_service;
GRANT INSERT, DELETE ON slowwave.episode, slowwave.assertion, slowwave.fact, slowwave.review, slowwave.quarantine,
  slowwave.run, slowwave.exchange, slowwave.erased TO slowwave_service;
GRANT INSERT, UPDATE, DELETE ON slowwave.tenant, slowwave.slot, slowwave.user_state, slowwave.trig, slowwave.pending,
  slowwave.task, slowwave.plan, slowwave.request, slowwave.budget TO slowwave_service;

GRANT USAGE ON SCHEMA slowwave TO slowwave_discovery;
GRANT SELECT (tenant_id, weight, paused) ON slowwave.tenant TO slowwave_discovery;
GRANT SELECT (tenant_id, state, rank, lease_until, run_after) ON slowwave.task TO slowwave_discovery;
GRANT SELECT (tenant_id, next_due) ON slowwave.trig TO slowwave_discovery;
