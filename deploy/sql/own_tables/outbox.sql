-- From a memory service's own table to Slowwave: an outbox, filled by triggers in the service's own transactions and
-- drained by copy.sh through `slowwave import`. Run it in the service's database as the owner of memory_records; again
-- after a change, it only replaces what it made. README.md beside it says why it is done so.
--
-- What you adapt is episode_line(), the mapping. It leaves judging to the daemon: what cannot be taken is refused there,
-- by its line alone, with a reason that ends up in slowwave_feed.refused.
--
--   memory_records       episode line    how
--   id                   id              as text; at most 128 bytes
--   tenant_id, user_id   (the call's)    as text, 1 to 128 bytes each
--   type                 type            as it is if it is one of ours, else see the CASE
--   text                 text            at most 65,536 bytes
--   embedding real[]     embedding       a list of numbers; NaN and infinity get the line refused
--   embedding vector     embedding       the same from pgvector's text: embedding_json(r.embedding::text)
--   entities             entities
--   metadata             metadata        all of it, at most 16,384 bytes; and out of it:
--     ->> speaker        speaker
--     ->> session_id     session_id
--     ->> turn           turn            if it is a whole number
--     ->> role           origin          user, assistant, tool; nothing known counts as the user's own words
--   "timestamp"          occurred_at     with its offset. A column without time zone: "timestamp" AT TIME ZONE 'UTC'
--   confidence           confidence      null: 0.9
--   importance           importance      null: 0.5
--   access_count         access_count
--   status               (whether)       only active records are handed over; see changed()
CREATE SCHEMA IF NOT EXISTS slowwave_feed;

-- What waits to be copied: keys only. A row goes once the daemon has answered for it, so that no clock and no sequence
-- decides what is new, and a record counts from the moment its transaction commits, in whatever order those do. `seq`
-- changes when a record comes in again, so that an answer about its earlier state does not remove it.
CREATE SEQUENCE IF NOT EXISTS slowwave_feed.seq;
CREATE TABLE IF NOT EXISTS slowwave_feed.outbox(
  tenant_id text NOT NULL,
  user_id   text NOT NULL,
  id        text NOT NULL,
  seq       bigint NOT NULL DEFAULT nextval('slowwave_feed.seq'),
  PRIMARY KEY (tenant_id, user_id, id)
);
CREATE INDEX IF NOT EXISTS outbox_order ON slowwave_feed.outbox(tenant_id, user_id, seq);

-- What the daemon did not take, and why. status: refused (a bad record), different (Slowwave has this id with other
-- words, which stand: an episode is never rewritten), erased.
CREATE TABLE IF NOT EXISTS slowwave_feed.refused(
  tenant_id text NOT NULL,
  user_id   text NOT NULL,
  id        text NOT NULL,
  status    text NOT NULL,
  reason    text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id, id)
);

-- What was deleted here and may still be there: see changed().
CREATE TABLE IF NOT EXISTS slowwave_feed.to_erase(
  tenant_id text NOT NULL,
  user_id   text NOT NULL,
  id        text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id, id)
);

-- A list of numbers as JSON. One that is none comes back as a string, which the daemon refuses by name.
CREATE OR REPLACE FUNCTION slowwave_feed.embedding_json(embedding real[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$ SELECT to_jsonb(embedding) $$;
CREATE OR REPLACE FUNCTION slowwave_feed.embedding_json(embedding text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN embedding::jsonb;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN to_jsonb(embedding);
END $$;

-- The mapping. UTC, because offsets of a zone's early years have seconds, which RFC 3339 has not.
CREATE OR REPLACE FUNCTION slowwave_feed.episode_line(r memory_records) RETURNS jsonb
LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
           'id', r.id::text,
           'type', CASE lower(r.type)
                     WHEN 'event' THEN 'episodic_event' WHEN 'message' THEN 'episodic_event'
                     WHEN 'observation' THEN 'episodic_event' WHEN 'conversation' THEN 'episodic_event'
                     WHEN 'fact' THEN 'semantic_fact' WHEN 'knowledge' THEN 'semantic_fact'
                     WHEN 'rule' THEN 'constraint' WHEN 'skill' THEN 'procedure'
                     ELSE lower(r.type) END,
           'text', r.text,
           'speaker', r.metadata ->> 'speaker',
           'session_id', r.metadata ->> 'session_id',
           'turn', CASE WHEN r.metadata ->> 'turn' ~ '^[0-9]{1,9}$' THEN (r.metadata ->> 'turn')::int END,
           'occurred_at', to_jsonb(r."timestamp"),
           'origin', CASE lower(r.metadata ->> 'role')
                       WHEN 'assistant' THEN 'assistant' WHEN 'ai' THEN 'assistant' WHEN 'agent' THEN 'assistant'
                       WHEN 'tool' THEN 'tool' WHEN 'function' THEN 'tool'
                       ELSE 'user' END,
           'entities', to_jsonb(r.entities),
           'importance', to_jsonb(r.importance),
           'confidence', to_jsonb(r.confidence),
           'access_count', r.access_count))
         || jsonb_build_object('embedding', slowwave_feed.embedding_json(r.embedding),
                               'metadata', nullif(r.metadata, '{}'))
$$;

-- Puts a record into the outbox. What could not even be asked for, as a user or an id is too long, is refused here.
-- Nothing here may fail, or it would fail the service's own transaction.
CREATE OR REPLACE FUNCTION slowwave_feed.enqueue(tenant text, person text, record text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF octet_length(tenant) NOT BETWEEN 1 AND 128 OR octet_length(person) NOT BETWEEN 1 AND 128
     OR octet_length(record) NOT BETWEEN 1 AND 128 THEN
    INSERT INTO slowwave_feed.refused(tenant_id, user_id, id, status, reason)
      VALUES (left(tenant, 128), left(person, 128), left(record, 128), 'refused',
              'tenant, user and id: must be 1 to 128 bytes')
      ON CONFLICT DO NOTHING;
    RETURN;
  END IF;
  INSERT INTO slowwave_feed.outbox(tenant_id, user_id, id) VALUES (tenant, person, record)
    ON CONFLICT (tenant_id, user_id, id) DO UPDATE SET seq = nextval('slowwave_feed.seq');
END $$;

-- In the transaction that writes a record. Insertion, and a change of what is copied or of the status, hands it over;
-- counting an access does not. What stops being active before it is copied is not copied; what was copied stays, as
-- this version of Slowwave cannot erase (to_erase has it for the one that can), and a copied record that is archived
-- here is one that Slowwave has already read or is going to read.
CREATE OR REPLACE FUNCTION slowwave_feed.changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.tenant_id, OLD.user_id, OLD.id, OLD.type, OLD.text, OLD.embedding, OLD.entities, OLD.metadata,
        OLD."timestamp", OLD.confidence, OLD.importance, OLD.status)
       IS NOT DISTINCT FROM
       (NEW.tenant_id, NEW.user_id, NEW.id, NEW.type, NEW.text, NEW.embedding, NEW.entities, NEW.metadata,
        NEW."timestamp", NEW.confidence, NEW.importance, NEW.status) THEN
      RETURN NULL;
    END IF;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    -- Gone from under its old name, or no longer to be kept.
    IF TG_OP = 'DELETE' OR NEW.status = 'deleted'
       OR (OLD.tenant_id, OLD.user_id, OLD.id) IS DISTINCT FROM (NEW.tenant_id, NEW.user_id, NEW.id) THEN
      INSERT INTO slowwave_feed.to_erase(tenant_id, user_id, id)
        SELECT OLD.tenant_id::text, OLD.user_id::text, OLD.id::text
        WHERE octet_length(OLD.tenant_id::text) <= 128 AND octet_length(OLD.user_id::text) <= 128
          AND octet_length(OLD.id::text) <= 128  -- of others Slowwave has none
        ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    IF NEW.status = 'active' THEN
      PERFORM slowwave_feed.enqueue(NEW.tenant_id::text, NEW.user_id::text, NEW.id::text);
    END IF;
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS slowwave_feed ON memory_records;
CREATE TRIGGER slowwave_feed AFTER INSERT OR UPDATE OR DELETE ON memory_records
  FOR EACH ROW EXECUTE FUNCTION slowwave_feed.changed();

-- The users with something to copy, those that wait longest first, and up to which seq: what comes in during a pass is
-- for the next one.
CREATE OR REPLACE FUNCTION slowwave_feed.waiting() RETURNS TABLE(tenant_id text, user_id text, upto bigint)
LANGUAGE sql STABLE AS $$
  SELECT o.tenant_id, o.user_id, max(o.seq) FROM slowwave_feed.outbox o
  GROUP BY o.tenant_id, o.user_id ORDER BY min(o.seq)
$$;

-- The next of one user to copy, in the order in which they came. `line` is null for what is not to be: a record that is
-- gone, or no longer active.
CREATE OR REPLACE FUNCTION slowwave_feed.batch(tenant text, person text, upto bigint, most int)
RETURNS TABLE(seq bigint, line jsonb)
LANGUAGE sql STABLE AS $$
  SELECT o.seq, CASE WHEN r.status = 'active' THEN slowwave_feed.episode_line(r) END
  FROM (SELECT * FROM slowwave_feed.outbox q WHERE q.tenant_id = tenant AND q.user_id = person AND q.seq <= upto
        ORDER BY q.seq LIMIT most) AS o
  LEFT JOIN memory_records r  -- an id that is a uuid: r.id = o.id::uuid, so that its index serves
    ON r.id::text = o.id AND r.tenant_id::text = o.tenant_id AND r.user_id::text = o.user_id
  ORDER BY o.seq
$$;

-- What became of a batch. `sent` are the seqs of the lines that were imported, in their order; `skipped` those that had
-- none; `said` is what `slowwave import --json` printed, as one list: an object for each line that was not taken, by its
-- number, and the counts.
CREATE OR REPLACE FUNCTION slowwave_feed.acknowledge(
  tenant text, person text, sent bigint[], skipped bigint[], said jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(sent) <> (SELECT coalesce(sum((e ->> 'lines')::bigint), 0) FROM jsonb_array_elements(said) AS e) THEN
    RAISE EXCEPTION 'the import answered for another batch';
  END IF;
  WITH gone AS (
    DELETE FROM slowwave_feed.outbox o
    WHERE o.tenant_id = tenant AND o.user_id = person AND o.seq = ANY (sent || skipped)
    RETURNING o.id, o.seq
  ), problem AS (
    SELECT g.id, e ->> 'status' AS status, e ->> 'reason' AS reason
    FROM jsonb_array_elements(said) AS e JOIN gone g ON g.seq = sent[(e ->> 'line')::int]
  ), kept AS (
    INSERT INTO slowwave_feed.refused(tenant_id, user_id, id, status, reason)
    SELECT tenant, person, p.id, p.status, p.reason FROM problem p
    ON CONFLICT (tenant_id, user_id, id)
      DO UPDATE SET status = excluded.status, reason = excluded.reason, at = excluded.at
  )
  DELETE FROM slowwave_feed.refused f USING gone g
  WHERE f.tenant_id = tenant AND f.user_id = person AND f.id = g.id
    AND NOT EXISTS (SELECT 1 FROM problem p WHERE p.id = g.id);
END $$;

-- Everything again: the first copy of a table that was there before, or a look at whether all has arrived. It may be
-- repeated at any time; what Slowwave has already it takes for what it is.
CREATE OR REPLACE FUNCTION slowwave_feed.enqueue_all() RETURNS bigint
LANGUAGE sql AS $$
  SELECT count(slowwave_feed.enqueue(r.tenant_id::text, r.user_id::text, r.id::text))
  FROM (SELECT * FROM memory_records a WHERE a.status = 'active' ORDER BY a."timestamp", a.id) AS r
$$;

-- Who copies: copy.sh connects as a member of this.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_copier') THEN
    CREATE ROLE slowwave_copier NOLOGIN;
  END IF;
END $$;
GRANT USAGE ON SCHEMA slowwave_feed TO slowwave_copier;
GRANT SELECT, DELETE ON slowwave_feed.outbox TO slowwave_copier;
GRANT SELECT, INSERT, UPDATE, DELETE ON slowwave_feed.refused TO slowwave_copier;
GRANT SELECT ON memory_records TO slowwave_copier;
