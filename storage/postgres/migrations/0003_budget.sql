-- 0003_budget: how many tokens a tenant's runs have drawn today.
-- Locks: none that anybody waits for; all of it is new.
-- Deploy: before the binary that uses it; then roles.sql again, and citus.sql on a cluster.
-- Undo: roll forward.  Twin: storage/sqlite/migrations/0003_budget.sql
--
-- `day` counts days of UTC from 1970; `granted` is what the last draw got, at `drawn_at`.
CREATE TABLE slowwave.budget(
  tenant_id text COLLATE "C" NOT NULL,
  day       bigint NOT NULL,
  spent     bigint NOT NULL,
  granted   bigint NOT NULL,
  drawn_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id)
);
