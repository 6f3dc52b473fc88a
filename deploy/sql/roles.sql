-- The role that daemons connect with: it can do what a daemon does, and no more. Run it as the owner of the tables,
-- after `slowwave migrate up` and again after an upgrade; then give the role a password or a certificate, and have
-- daemons say `store.migrate: check`.
--
-- Episodes, assertions, quarantine, exchanges and the records of runs are inserted and (when they are erased or have
-- expired) deleted, never updated: Postgres itself sees to that here.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_service') THEN
    CREATE ROLE slowwave_service LOGIN;
  END IF;
END $$;

GRANT USAGE ON SCHEMA slowwave TO slowwave_service;
REVOKE ALL ON ALL TABLES IN SCHEMA slowwave FROM slowwave_service;
GRANT SELECT ON ALL TABLES IN SCHEMA slowwave TO slowwave_service;
GRANT INSERT, DELETE ON slowwave.episode, slowwave.assertion, slowwave.fact, slowwave.review, slowwave.quarantine,
  slowwave.run, slowwave.exchange, slowwave.erased TO slowwave_service;
GRANT INSERT, UPDATE, DELETE ON slowwave.tenant, slowwave.slot, slowwave.user_state, slowwave.trig, slowwave.pending,
  slowwave.task, slowwave.plan, slowwave.request, slowwave.budget TO slowwave_service;
