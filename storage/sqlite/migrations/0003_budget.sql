-- 0003_budget: how many tokens a tenant's runs have drawn today.
-- Locks: the whole file, for the blink that an empty table takes.
-- Undo: roll forward.  Twin: storage/postgres/migrations/0003_budget.sql
--
-- `day` counts days of UTC from 1970; `granted` is what the last draw got, at `drawn_at`.
CREATE TABLE budget(
  tenant_id TEXT NOT NULL PRIMARY KEY,
  day       INTEGER NOT NULL,
  spent     INTEGER NOT NULL,
  granted   INTEGER NOT NULL,
  drawn_at  INTEGER NOT NULL
) STRICT;
