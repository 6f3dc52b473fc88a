-- 0001_initial: everything that the first version keeps.
-- Locks: none that anybody waits for; all of it is new.
-- Undo: roll forward.  Twin: storage/sqlite/migrations/0001_initial.sql
--
-- Every key begins with tenant_id and every statement names one tenant, but for those that look for tenants with
-- work; so the tables can be distributed by tenant_id (deploy/sql/). There are no foreign keys: each transaction
-- that writes keeps its tables in step, and a run must not pay for checks of what it has just looked up. Ids and
-- keys sort by bytes, as in the embedded store, whatever the database's locale. Lists and evidence are JSON text,
-- embeddings little-endian float32.
CREATE TABLE slowwave.tenant(
  tenant_id        text COLLATE "C" NOT NULL PRIMARY KEY,
  registry_version bigint NOT NULL DEFAULT 0,
  paused           boolean NOT NULL DEFAULT false,
  weight           double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
  max_waiting      integer NOT NULL DEFAULT 0 CHECK (max_waiting >= 0),
  window_from_us   bigint,
  window_to_us     bigint,
  CHECK ((window_from_us IS NULL) = (window_to_us IS NULL))
);

CREATE TABLE slowwave.slot(
  tenant_id   text COLLATE "C" NOT NULL,
  pattern     text COLLATE "C" NOT NULL,
  category    smallint NOT NULL,
  value_type  smallint NOT NULL,
  many        boolean NOT NULL,
  temporal    boolean NOT NULL,
  aliases     text NOT NULL,
  description text NOT NULL,
  PRIMARY KEY (tenant_id, pattern)
);

-- The counters are kept by the transactions that change what they count. Its row is the lock of a user: whoever
-- makes, joins or ends a task or changes a memory takes it first. No index but the key, so that updates stay in
-- the page.
CREATE TABLE slowwave.user_state(
  tenant_id           text COLLATE "C" NOT NULL,
  user_id             text COLLATE "C" NOT NULL,
  registered_at       timestamptz NOT NULL,
  memory_version      bigint NOT NULL DEFAULT 0,
  episodes            bigint NOT NULL DEFAULT 0,
  pending             bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
  pending_bytes       bigint NOT NULL DEFAULT 0 CHECK (pending_bytes >= 0),
  unreadable          bigint NOT NULL DEFAULT 0,
  facts               bigint NOT NULL DEFAULT 0 CHECK (facts >= 0),
  quarantined         bigint NOT NULL DEFAULT 0,
  embedding_dimension integer NOT NULL DEFAULT 0,
  fold_stamp          text NOT NULL DEFAULT '',
  paused_by           text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70);

-- A user's trigger conditions, in the order in which they were registered.
CREATE TABLE slowwave.trig(
  tenant_id   text COLLATE "C" NOT NULL,
  user_id     text COLLATE "C" NOT NULL,
  ord         smallint NOT NULL,
  kind        smallint NOT NULL,
  interval_us bigint,
  episodes    bigint,
  megabytes   double precision,
  cooldown_us bigint,
  events      text NOT NULL,
  last_fired  timestamptz,
  next_due    timestamptz,
  times_fired bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id, ord)
) WITH (fillfactor = 80);
CREATE INDEX trig_due ON slowwave.trig(tenant_id, next_due) WHERE next_due IS NOT NULL;

-- Inserted and deleted, never updated: what a run does to an episode is its row in review. `digest` is over the
-- content without occurred_at, which the store may have filled in.
CREATE TABLE slowwave.episode(
  tenant_id    text COLLATE "C" NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL,
  digest       bytea NOT NULL,
  type         smallint NOT NULL,
  origin       smallint NOT NULL,
  status       smallint NOT NULL,
  occurred_at  timestamptz NOT NULL,
  turn         integer,
  session_id   text COLLATE "C" NOT NULL,
  speaker      text NOT NULL,
  importance   double precision NOT NULL,
  confidence   double precision NOT NULL,
  access_count bigint NOT NULL,
  text         text NOT NULL,
  entities     text NOT NULL,
  metadata     text NOT NULL,
  embedding    bytea,
  PRIMARY KEY (tenant_id, user_id, id)
);
-- Floats do not compress; trying costs more than it saves.
ALTER TABLE slowwave.episode ALTER COLUMN embedding SET STORAGE EXTERNAL;
CREATE INDEX episode_time ON slowwave.episode(tenant_id, user_id, occurred_at, id);
CREATE INDEX episode_turn ON slowwave.episode(tenant_id, user_id, session_id, turn)
  WHERE session_id <> '' AND turn IS NOT NULL;
CREATE INDEX episode_session ON slowwave.episode(tenant_id, user_id, session_id, occurred_at, id)
  WHERE session_id <> '' AND turn IS NULL;

-- Ids erased on request: the first 16 bytes of their SHA-256.
CREATE TABLE slowwave.erased(
  tenant_id text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL,
  id_hash   bytea NOT NULL,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id_hash)
);

-- What is active and not yet reviewed. A run deletes from it; sampling ranks from nothing else, so that its cost
-- does not grow with what is behind. Vacuumed early: dead rows of a drained backlog would be read again and again.
CREATE TABLE slowwave.pending(
  tenant_id    text COLLATE "C" NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL,
  type         smallint NOT NULL,
  occurred_at  timestamptz NOT NULL,
  importance   double precision NOT NULL,
  confidence   double precision NOT NULL,
  access_count bigint NOT NULL,
  bytes        bigint NOT NULL,
  tries        integer NOT NULL DEFAULT 0,
  not_before   timestamptz,
  PRIMARY KEY (tenant_id, user_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- What became of an episode that left pending: state 1 reviewed, 2 reviewed and cited, 3 unreadable. `status` is
-- the episode's from then on; 0 leaves it as it came.
CREATE TABLE slowwave.review(
  tenant_id text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  run_id    text COLLATE "C" NOT NULL,
  state     smallint NOT NULL CHECK (state IN (1, 2, 3)),
  status    smallint NOT NULL,
  tries     integer NOT NULL,
  PRIMARY KEY (tenant_id, user_id, id)
);

-- state: 1 waiting, 2 running, 3 behind a running one, 4 delayed after a failure, 5 done, 6 dead, 7 cancelled.
-- rank: when it became ready, less six minutes a point of priority, so that nothing waits for ever.
-- started_before: started_at as it was before the claim, for a task that is handed back.
-- lease_until is in no index, so that renewing a lease stays in the page.
CREATE TABLE slowwave.task(
  tenant_id      text COLLATE "C" NOT NULL,
  task_id        text COLLATE "C" NOT NULL,
  user_id        text COLLATE "C" NOT NULL,
  kind           smallint NOT NULL,
  state          smallint NOT NULL CHECK (state BETWEEN 1 AND 7),
  priority       integer NOT NULL,
  rank           timestamptz NOT NULL,
  reasons        text NOT NULL,
  options        text NOT NULL,
  created_at     timestamptz NOT NULL,
  run_after      timestamptz,
  started_at     timestamptz,
  started_before timestamptz,
  finished_at    timestamptz,
  attempt        integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  lease_token    text,
  lease_until    timestamptz,
  lease_owner    text,
  last_error     text NOT NULL DEFAULT '',
  run_id         text COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, task_id),
  CONSTRAINT task_lease_whole CHECK (
    (state = 2) = (lease_token IS NOT NULL) AND (state = 2) = (lease_until IS NOT NULL)
    AND (state = 2) = (lease_owner IS NOT NULL)),
  CONSTRAINT task_delayed_until CHECK ((state = 4) = (run_after IS NOT NULL)),
  CONSTRAINT task_finished_when CHECK ((state IN (5, 6, 7)) = (finished_at IS NOT NULL))
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX task_live ON slowwave.task(tenant_id, user_id) WHERE state IN (1, 2, 4);
CREATE UNIQUE INDEX task_behind ON slowwave.task(tenant_id, user_id) WHERE state = 3;
CREATE INDEX task_ready ON slowwave.task(tenant_id, rank) WHERE state = 1;
CREATE INDEX task_running ON slowwave.task(tenant_id) WHERE state = 2;
CREATE INDEX task_delayed ON slowwave.task(tenant_id, run_after) WHERE state = 4;
CREATE INDEX task_of_tenant ON slowwave.task(tenant_id, created_at, task_id);
CREATE INDEX task_of_user ON slowwave.task(tenant_id, user_id, created_at, task_id);

-- A task's stored plan. Apart from task, whose rows change often and stay small.
CREATE TABLE slowwave.plan(
  tenant_id text COLLATE "C" NOT NULL,
  task_id   text COLLATE "C" NOT NULL,
  plan      text NOT NULL,
  PRIMARY KEY (tenant_id, task_id)
);

-- What a request_id was answered with, for a day.
CREATE TABLE slowwave.request(
  tenant_id  text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  body       text COLLATE "C" NOT NULL,
  task_id    text COLLATE "C" NOT NULL,
  joined     boolean NOT NULL,
  at         timestamptz NOT NULL,
  note       text NOT NULL,
  PRIMARY KEY (tenant_id, request_id)
);
CREATE INDEX request_age ON slowwave.request(tenant_id, at);

-- Raw keys and values, as extracted. Inserted and deleted, never updated.
CREATE TABLE slowwave.assertion(
  tenant_id          text COLLATE "C" NOT NULL,
  user_id            text COLLATE "C" NOT NULL,
  key                text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL,
  run_id             text COLLATE "C" NOT NULL,
  value              text,
  value_type         smallint NOT NULL,
  type               smallint NOT NULL,
  state              smallint NOT NULL,
  said_at            timestamptz NOT NULL,
  valid_from         timestamptz,
  valid_to           timestamptz,
  turn               integer NOT NULL,
  session            text NOT NULL,
  trust              integer NOT NULL,
  confidence         double precision NOT NULL,
  episode_confidence double precision NOT NULL,
  text               text NOT NULL,
  evidence           text NOT NULL,
  context            text NOT NULL,
  PRIMARY KEY (tenant_id, user_id, key, id)
);

-- `ord` keeps the order in which the fold gave the facts of a slot.
CREATE TABLE slowwave.fact(
  tenant_id     text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  key           text COLLATE "C" NOT NULL,
  ord           integer NOT NULL,
  category      smallint NOT NULL,
  category_part text COLLATE "C" NOT NULL,
  subject       text COLLATE "C" NOT NULL,
  predicate     text NOT NULL,
  value         text NOT NULL,
  value_type    smallint NOT NULL,
  type          smallint NOT NULL,
  text          text NOT NULL,
  confidence    double precision NOT NULL,
  trust         integer NOT NULL,
  temporal      boolean NOT NULL,
  valid_from    timestamptz,
  valid_to      timestamptz,
  closed        boolean NOT NULL,
  evidence      text NOT NULL,
  closing       text NOT NULL,
  run_id        text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, user_id, key, ord)
);

CREATE TABLE slowwave.quarantine(
  tenant_id text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL,
  at        timestamptz NOT NULL,
  run_id    text COLLATE "C" NOT NULL,
  ordinal   integer NOT NULL,
  reason    text NOT NULL,
  detail    text NOT NULL,
  text      text NOT NULL,
  key       text NOT NULL,
  value     text,
  evidence  text NOT NULL,
  PRIMARY KEY (tenant_id, user_id, at, run_id, ordinal)
);

-- memory_version is what the commit left of the user's, and so the order of a user's runs; follow_up is what it
-- answered, for whoever asks again.
CREATE TABLE slowwave.run(
  tenant_id      text COLLATE "C" NOT NULL,
  run_id         text COLLATE "C" NOT NULL,
  user_id        text COLLATE "C" NOT NULL,
  task_id        text COLLATE "C" NOT NULL,
  started_at     timestamptz NOT NULL,
  finished_at    timestamptz NOT NULL,
  succeeded      boolean NOT NULL,
  memory_version bigint NOT NULL,
  follow_up      text COLLATE "C" NOT NULL DEFAULT '',
  report         bytea NOT NULL,
  change_set     bytea NOT NULL,
  PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX run_of_user ON slowwave.run(tenant_id, user_id, memory_version, finished_at, run_id);
