-- 0002_exchanges: replies of the LLM endpoint outlive the attempt that got them.
-- Locks: none that anybody waits for; all of it is new.
-- Deploy: before the binary that uses it; then roles.sql again, and citus.sql on a cluster.
-- Undo: roll forward.  Twin: storage/sqlite/migrations/0002_exchanges.sql
--
-- What the endpoint said to a request, by the SHA-256 of it in hex. `run_id` is the run that paid for it; others may
-- use it. Inserted and deleted, never updated.
CREATE TABLE slowwave.exchange(
  tenant_id         text COLLATE "C" NOT NULL,
  user_id           text COLLATE "C" NOT NULL,
  request_hash      text COLLATE "C" NOT NULL,
  run_id            text COLLATE "C" NOT NULL CHECK (run_id <> ''),
  created_at        timestamptz NOT NULL,
  model             text NOT NULL,
  prompt_tokens     bigint NOT NULL,
  completion_tokens bigint NOT NULL,
  reply             text NOT NULL,
  PRIMARY KEY (tenant_id, user_id, request_hash)
);
-- Of all rows; but what does not say so, as looking up by hash, cannot be served by it. A planner without statistics
-- takes it for as good as the key, and would read all of a user's for each.
CREATE INDEX exchange_age ON slowwave.exchange(tenant_id, user_id, created_at) WHERE run_id <> '';
