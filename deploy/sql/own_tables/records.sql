-- A memory service's own table, as this example assumes it. Yours will differ: change the mapping in outbox.sql, not
-- your table.
CREATE TABLE IF NOT EXISTS memory_records(
  id           text PRIMARY KEY,
  tenant_id    text NOT NULL,
  user_id      text NOT NULL,
  type         text NOT NULL DEFAULT 'episodic_event',
  text         text NOT NULL,
  embedding    real[],
  entities     text[] NOT NULL DEFAULT '{}',
  metadata     jsonb NOT NULL DEFAULT '{}',
  "timestamp"  timestamptz NOT NULL DEFAULT now(),
  confidence   real,
  importance   real,
  access_count bigint NOT NULL DEFAULT 0,
  status       text NOT NULL DEFAULT 'active'
);
