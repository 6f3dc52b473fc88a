-- 0001_initial: everything that the first version keeps.
-- Locks: the whole file, for the blink that an empty one takes.
-- Undo: roll forward.  Twin: storage/postgres/migrations/0001_initial.sql
--
-- Times are microseconds since 1970 (UTC), embeddings little-endian float32, lists and evidence JSON text.
-- Every key begins with tenant_id; a user is (tenant_id, user_id). There are no foreign keys: each transaction
-- that writes keeps its tables in step, and a run must not pay for checks of what it has just looked up.
-- Narrow tables are WITHOUT ROWID, one B-tree each; wide ones keep their rowid so that indexes stay narrow.

-- window_from and window_to are times of the day, in microseconds.
CREATE TABLE tenant(
  tenant_id        TEXT NOT NULL PRIMARY KEY,
  registry_version INTEGER NOT NULL DEFAULT 0,
  paused           INTEGER NOT NULL DEFAULT 0,
  weight           REAL NOT NULL DEFAULT 1 CHECK(weight > 0),
  max_waiting      INTEGER NOT NULL DEFAULT 0 CHECK(max_waiting >= 0),
  window_from      INTEGER,
  window_to        INTEGER,
  CONSTRAINT tenant_window_whole CHECK((window_from IS NULL) = (window_to IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX tenant_paused ON tenant(tenant_id) WHERE paused = 1;

CREATE TABLE slot(
  tenant_id   TEXT NOT NULL,
  pattern     TEXT NOT NULL,
  category    INTEGER NOT NULL,
  value_type  INTEGER NOT NULL,
  many        INTEGER NOT NULL,
  temporal    INTEGER NOT NULL,
  aliases     TEXT NOT NULL,
  description TEXT NOT NULL,
  PRIMARY KEY(tenant_id, pattern)
) STRICT, WITHOUT ROWID;

-- The counters are kept by the transactions that change what they count.
CREATE TABLE user_state(
  tenant_id           TEXT NOT NULL,
  user_id             TEXT NOT NULL,
  registered_at       INTEGER NOT NULL,
  memory_version      INTEGER NOT NULL DEFAULT 0,
  episodes            INTEGER NOT NULL DEFAULT 0,
  pending             INTEGER NOT NULL DEFAULT 0 CHECK(pending >= 0),
  pending_bytes       INTEGER NOT NULL DEFAULT 0 CHECK(pending_bytes >= 0),
  unreadable          INTEGER NOT NULL DEFAULT 0,
  facts               INTEGER NOT NULL DEFAULT 0 CHECK(facts >= 0),
  quarantined         INTEGER NOT NULL DEFAULT 0,
  embedding_dimension INTEGER NOT NULL DEFAULT 0,
  fold_stamp          TEXT NOT NULL DEFAULT '',
  paused_by           TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(tenant_id, user_id)
) STRICT, WITHOUT ROWID;

-- A user's trigger conditions, in the order in which they were registered.
CREATE TABLE trig(
  tenant_id   TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  ord         INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  interval_us INTEGER,
  episodes    INTEGER,
  megabytes   REAL,
  cooldown_us INTEGER,
  events      TEXT NOT NULL,
  last_fired  INTEGER,
  next_due    INTEGER,
  times_fired INTEGER NOT NULL,
  PRIMARY KEY(tenant_id, user_id, ord)
) STRICT, WITHOUT ROWID;
-- Serves one sweep for all tenants, and holds only what is to be looked at some time.
CREATE INDEX trig_due ON trig(next_due) WHERE next_due IS NOT NULL;

-- Inserted and deleted, never updated: what a run does to an episode is its row in review. `digest` is over the
-- content without occurred_at, which the store may have filled in. The embedding comes last, so that whoever
-- reads the words alone does not read its pages.
CREATE TABLE episode(
  tenant_id    TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  id           TEXT NOT NULL,
  digest       BLOB NOT NULL,
  type         INTEGER NOT NULL,
  origin       INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  occurred_at  INTEGER NOT NULL,
  turn         INTEGER,
  session_id   TEXT NOT NULL,
  speaker      TEXT NOT NULL,
  importance   REAL NOT NULL,
  confidence   REAL NOT NULL,
  access_count INTEGER NOT NULL,
  text         TEXT NOT NULL,
  entities     TEXT NOT NULL,
  metadata     TEXT NOT NULL,
  embedding    BLOB,
  PRIMARY KEY(tenant_id, user_id, id)
) STRICT;
CREATE INDEX episode_time ON episode(tenant_id, user_id, occurred_at, id);
CREATE INDEX episode_turn ON episode(tenant_id, user_id, session_id, turn) WHERE session_id <> '' AND turn IS NOT NULL;
CREATE INDEX episode_session ON episode(tenant_id, user_id, session_id, occurred_at, id) WHERE session_id <> '';
CREATE TRIGGER episode_is_immutable BEFORE UPDATE ON episode
BEGIN SELECT raise(ABORT, 'episodes are never updated'); END;

-- Ids erased on request: the first 16 bytes of their SHA-256.
CREATE TABLE erased(
  tenant_id TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  id_hash   BLOB NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY(tenant_id, user_id, id_hash)
) STRICT, WITHOUT ROWID;

-- What is active and not yet reviewed. A run deletes from it; sampling ranks from nothing else, so that its cost
-- does not grow with what is behind.
CREATE TABLE pending(
  tenant_id    TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  id           TEXT NOT NULL,
  type         INTEGER NOT NULL,
  occurred_at  INTEGER NOT NULL,
  importance   REAL NOT NULL,
  confidence   REAL NOT NULL,
  access_count INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  tries        INTEGER NOT NULL DEFAULT 0,
  not_before   INTEGER,
  PRIMARY KEY(tenant_id, user_id, id)
) STRICT, WITHOUT ROWID;

-- What became of an episode that left pending: state 1 reviewed, 2 reviewed and cited, 3 unreadable. `status` is
-- the episode's from then on; 0 leaves it as it came.
CREATE TABLE review(
  tenant_id TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  id        TEXT NOT NULL,
  run_no    INTEGER NOT NULL,
  state     INTEGER NOT NULL CHECK(state IN (1, 2, 3)),
  status    INTEGER NOT NULL,
  tries     INTEGER NOT NULL,
  PRIMARY KEY(tenant_id, user_id, id)
) STRICT, WITHOUT ROWID;

-- state: 1 waiting, 2 running, 3 behind a running one, 4 delayed after a failure, 5 done, 6 dead, 7 cancelled.
-- rank: each point of priority is worth six minutes of waiting, so that nothing waits for ever.
-- started_before: started_at as it was before the claim, for a task that is handed back.
CREATE TABLE task(
  tenant_id      TEXT NOT NULL,
  task_id        TEXT NOT NULL,
  user_id        TEXT NOT NULL,
  kind           INTEGER NOT NULL,
  state          INTEGER NOT NULL CHECK(state BETWEEN 1 AND 7),
  priority       INTEGER NOT NULL,
  ready_at       INTEGER NOT NULL,
  rank           INTEGER GENERATED ALWAYS AS (ready_at - priority * 360000000) VIRTUAL,
  reasons        TEXT NOT NULL,
  options        TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  run_after      INTEGER,
  started_at     INTEGER,
  started_before INTEGER,
  finished_at    INTEGER,
  attempt        INTEGER NOT NULL DEFAULT 0 CHECK(attempt >= 0),
  lease_token    TEXT,
  lease_until    INTEGER,
  lease_owner    TEXT,
  last_error     TEXT NOT NULL DEFAULT '',
  run_id         TEXT NOT NULL DEFAULT '',
  follow_up      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(tenant_id, task_id),
  CONSTRAINT task_lease_whole CHECK(
    (state = 2) = (lease_token IS NOT NULL) AND (state = 2) = (lease_until IS NOT NULL)
    AND (state = 2) = (lease_owner IS NOT NULL)),
  CONSTRAINT task_delayed_until CHECK((state = 4) = (run_after IS NOT NULL)),
  CONSTRAINT task_finished_when CHECK((state IN (5, 6, 7)) = (finished_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX task_live ON task(tenant_id, user_id) WHERE state IN (1, 2, 4);
CREATE UNIQUE INDEX task_behind ON task(tenant_id, user_id) WHERE state = 3;
-- These three serve one worker pool for all tenants, and hold only what is unfinished.
CREATE INDEX task_ready ON task(tenant_id, rank) WHERE state = 1;
CREATE INDEX task_running ON task(lease_until) WHERE state = 2;
CREATE INDEX task_delayed ON task(run_after) WHERE state = 4;
CREATE INDEX task_of_tenant ON task(tenant_id, created_at, task_id);
CREATE INDEX task_of_user ON task(tenant_id, user_id, created_at, task_id);

-- A task's stored plan. Apart from task, whose rows change often and stay small.
CREATE TABLE plan(
  tenant_id TEXT NOT NULL,
  task_id   TEXT NOT NULL,
  plan      TEXT NOT NULL,
  PRIMARY KEY(tenant_id, task_id)
) STRICT;

-- What a request_id was answered with, for a day.
CREATE TABLE request(
  tenant_id  TEXT NOT NULL,
  request_id TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  body       TEXT NOT NULL,
  task_id    TEXT NOT NULL,
  joined     INTEGER NOT NULL,
  note       TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY(tenant_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_age ON request(tenant_id, at);

-- Raw keys and values, as extracted. Inserted and deleted, never updated.
CREATE TABLE assertion(
  tenant_id          TEXT NOT NULL,
  user_id            TEXT NOT NULL,
  key                TEXT NOT NULL,
  id                 TEXT NOT NULL,
  run_id             TEXT NOT NULL,
  value              TEXT,
  value_type         INTEGER NOT NULL,
  type               INTEGER NOT NULL,
  state              INTEGER NOT NULL,
  said_at            INTEGER NOT NULL,
  valid_from         INTEGER,
  valid_to           INTEGER,
  turn               INTEGER NOT NULL,
  session            TEXT NOT NULL,
  trust              INTEGER NOT NULL,
  confidence         REAL NOT NULL,
  episode_confidence REAL NOT NULL,
  text               TEXT NOT NULL,
  evidence           TEXT NOT NULL,
  context            TEXT NOT NULL,
  PRIMARY KEY(tenant_id, user_id, key, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX assertion_id ON assertion(tenant_id, user_id, id);
CREATE TRIGGER assertion_is_immutable BEFORE UPDATE ON assertion
BEGIN SELECT raise(ABORT, 'assertions are never updated'); END;

-- `ord` keeps the order in which the fold gave the facts of a slot.
CREATE TABLE fact(
  tenant_id     TEXT NOT NULL,
  user_id       TEXT NOT NULL,
  key           TEXT NOT NULL,
  ord           INTEGER NOT NULL,
  category      INTEGER NOT NULL,
  category_part TEXT NOT NULL,
  subject       TEXT NOT NULL,
  predicate     TEXT NOT NULL,
  value         TEXT NOT NULL,
  value_type    INTEGER NOT NULL,
  type          INTEGER NOT NULL,
  text          TEXT NOT NULL,
  confidence    REAL NOT NULL,
  trust         INTEGER NOT NULL,
  temporal      INTEGER NOT NULL,
  valid_from    INTEGER,
  valid_to      INTEGER,
  closed        INTEGER NOT NULL,
  evidence      TEXT NOT NULL,
  closing       TEXT NOT NULL,
  run_id        TEXT NOT NULL,
  PRIMARY KEY(tenant_id, user_id, key, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine(
  tenant_id TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  at        INTEGER NOT NULL,
  run_id    TEXT NOT NULL,
  ordinal   INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  detail    TEXT NOT NULL,
  text      TEXT NOT NULL,
  key       TEXT NOT NULL,
  value     TEXT,
  evidence  TEXT NOT NULL,
  PRIMARY KEY(tenant_id, user_id, at, run_id, ordinal)
) STRICT, WITHOUT ROWID;

-- run_no is the order of commits, and the short name by which review knows a run. memory_version and follow_up
-- are what the commit answered, for whoever asks again. The change set comes last: lists do not read its pages.
CREATE TABLE run(
  run_no         INTEGER PRIMARY KEY,
  tenant_id      TEXT NOT NULL,
  user_id        TEXT NOT NULL,
  run_id         TEXT NOT NULL,
  task_id        TEXT NOT NULL,
  started_at     INTEGER NOT NULL,
  finished_at    INTEGER NOT NULL,
  succeeded      INTEGER NOT NULL,
  memory_version INTEGER NOT NULL,
  follow_up      TEXT NOT NULL DEFAULT '',
  report         BLOB NOT NULL,
  change_set     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX run_id ON run(tenant_id, run_id);
CREATE INDEX run_of_user ON run(tenant_id, user_id, run_no);
