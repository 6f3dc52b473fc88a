-- Facts for those who know SQL and a table called semantic_facts: a view over Slowwave's tables, for reading, by roles
-- that see their own tenant's and nothing else. Run it in Slowwave's database as the owner of its tables, after
-- `slowwave migrate up` (and after roles.sql), and again after an upgrade.
--
--   CREATE ROLE acme_reader LOGIN;
--   GRANT slowwave_reader TO acme_reader;
--   INSERT INTO slowwave_read.reader VALUES ('acme_reader', 'acme');
--
-- and acme_reader may SELECT ... FROM slowwave_read.semantic_facts.
--
-- What a reader may see hangs on who it is (current_user), not on a setting, which any session may change. Nobody can
-- read slowwave.fact by this but through the view; it reads with the rights of its owner, slowwave_read_owner, which
-- can log in nowhere. So it needs no security_invoker (PostgreSQL 15), and works with row level security on
-- slowwave.fact (forced, too, and whatever `slowwave.tenant` is set to) as without: its owner has a policy of its own,
-- which stays without effect while row level security is off.
--
-- A user whose tenant has changed a slot is folded anew when the daemon is asked for facts, and stored so by the next
-- run that finds something. Until then this view shows what is stored; `slowwave facts` does not.
--
--   semantic_facts       slowwave.fact               by gRPC (Fact)
--   id                   a digest of tenant, user, key, value and valid_from: the same for the same fact after any
--                        number of runs, as long as these do not change
--   tenant_id, user_id   tenant_id, user_id
--   key                  key                         key           subject:category:predicate
--   category             category                    category      by name: location
--   subject, predicate   subject, predicate          the same
--   value                value                       value         as said
--   value_type, type     value_type, type            value_type, type, by name: text; fact
--   text                 text                        text          a sentence that stands alone
--   confidence, trust    confidence, trust           the same
--   valid_from, valid_to valid_from, valid_to        the same; null: unknown, or still holds, or the slot has no dates
--   temporal             temporal                    temporal
--   is_current           from closed, valid_*        current, as of now()
--   source_ids           evidence                    evidence[].episode_id, each once, in its order
--   source_quotes        evidence                    evidence[].quote, as many as citations
--   evidence             evidence                    evidence, as JSON: [{"episodeId", "quote"}]
--   closed_by_ids        closing                     closing[].episode_id: what ended or replaced it
--   run_id               run_id                      run_id        the run that last changed it
--   updated_at           run.finished_at             (that run's) finished_at
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_read_owner') THEN
    CREATE ROLE slowwave_read_owner NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'slowwave_reader') THEN
    CREATE ROLE slowwave_reader NOLOGIN;
  END IF;
END $$;

-- To give it the view, and to replace that later, one has to be a member; no longer than this takes.
GRANT slowwave_read_owner TO CURRENT_USER;

CREATE SCHEMA IF NOT EXISTS slowwave_read;
GRANT USAGE ON SCHEMA slowwave TO slowwave_read_owner;
GRANT SELECT ON slowwave.fact TO slowwave_read_owner;
GRANT SELECT (tenant_id, run_id, finished_at) ON slowwave.run TO slowwave_read_owner;

DROP POLICY IF EXISTS facts_view ON slowwave.fact;
CREATE POLICY facts_view ON slowwave.fact FOR SELECT TO slowwave_read_owner USING (true);
DROP POLICY IF EXISTS facts_view ON slowwave.run;
CREATE POLICY facts_view ON slowwave.run FOR SELECT TO slowwave_read_owner USING (true);

-- Which role reads which tenant; one may read several.
CREATE TABLE IF NOT EXISTS slowwave_read.reader(
  role_name name NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (role_name, tenant_id)
);
GRANT USAGE ON SCHEMA slowwave_read TO slowwave_read_owner, slowwave_reader;
GRANT SELECT ON slowwave_read.reader TO slowwave_read_owner;

-- security_barrier: a function in somebody's WHERE sees no row that the view does not give out.
CREATE OR REPLACE VIEW slowwave_read.semantic_facts WITH (security_barrier) AS
SELECT md5(jsonb_build_array(f.tenant_id, f.user_id, f.key, f.value, extract(epoch FROM f.valid_from))::text)::uuid AS id,
       f.tenant_id, f.user_id, f.key,
       (ARRAY['identity', 'location', 'preference', 'relationship', 'occupation', 'temporal', 'attribute', 'goal',
              'value', 'state', 'causal', 'policy', 'pattern', 'custom'])[f.category] AS category,
       f.subject, f.predicate, f.value,
       (ARRAY['text', 'number', 'date', 'boolean', 'list'])[f.value_type] AS value_type,
       (ARRAY['fact', 'preference', 'pattern', 'summary', 'goal', 'value', 'state', 'causal', 'policy'])[f.type] AS type,
       f.text, f.confidence, f.trust, f.valid_from, f.valid_to, f.temporal,
       CASE WHEN f.temporal
            THEN coalesce(f.valid_from <= now(), true) AND coalesce(f.valid_to > now(), true)
            ELSE NOT f.closed END AS is_current,
       ARRAY(SELECT e.item ->> 0 FROM jsonb_array_elements(f.evidence::jsonb) WITH ORDINALITY AS e(item, n)
             GROUP BY e.item ->> 0 ORDER BY min(e.n)) AS source_ids,
       ARRAY(SELECT e.item ->> 1 FROM jsonb_array_elements(f.evidence::jsonb) WITH ORDINALITY AS e(item, n)
             ORDER BY e.n) AS source_quotes,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('episodeId', e.item ->> 0, 'quote', e.item ->> 1) ORDER BY e.n), '[]')
        FROM jsonb_array_elements(f.evidence::jsonb) WITH ORDINALITY AS e(item, n)) AS evidence,
       ARRAY(SELECT e.item ->> 0 FROM jsonb_array_elements(f.closing::jsonb) WITH ORDINALITY AS e(item, n)
             GROUP BY e.item ->> 0 ORDER BY min(e.n)) AS closed_by_ids,
       f.run_id,
       (SELECT r.finished_at FROM slowwave.run r WHERE r.tenant_id = f.tenant_id AND r.run_id = f.run_id) AS updated_at
FROM slowwave.fact f
WHERE f.tenant_id IN (SELECT w.tenant_id FROM slowwave_read.reader w WHERE w.role_name = current_user);

-- Its owner has to be able to make things in the schema for as long as it takes.
GRANT CREATE ON SCHEMA slowwave_read TO slowwave_read_owner;
ALTER VIEW slowwave_read.semantic_facts OWNER TO slowwave_read_owner;
REVOKE CREATE ON SCHEMA slowwave_read FROM slowwave_read_owner;

GRANT SELECT ON slowwave_read.semantic_facts TO slowwave_reader;

-- Or whoever ran this, such as a daemon that connects as the owner, would see every tenant's facts and runs.
REVOKE slowwave_read_owner FROM CURRENT_USER;
