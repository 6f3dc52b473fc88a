-- 0002_exchanges: replies of the LLM endpoint outlive the attempt that got them.
-- Locks: the whole file, for the blink that an empty table takes.
-- Undo: roll forward.  Twin: storage/postgres/migrations/0002_exchanges.sql
--
-- What the endpoint said to a request, by the SHA-256 of it in hex. `run_id` is the run that paid for it; others may
-- use it. Inserted and deleted, never updated. The reply comes last, so that whoever looks for what has expired
-- does not read its pages.
CREATE TABLE exchange(
  tenant_id         TEXT NOT NULL,
  user_id           TEXT NOT NULL,
  request_hash      TEXT NOT NULL,
  run_id            TEXT NOT NULL CHECK(run_id <> ''),
  created_at        INTEGER NOT NULL,
  model             TEXT NOT NULL,
  prompt_tokens     INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  reply             TEXT NOT NULL,
  PRIMARY KEY(tenant_id, user_id, request_hash)
) STRICT;
CREATE INDEX exchange_age ON exchange(tenant_id, user_id, created_at);
