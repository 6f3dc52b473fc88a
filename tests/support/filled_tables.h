// Rows for the Postgres tests of plans and of row security.
#ifndef SLOWWAVE_TESTS_SUPPORT_FILLED_TABLES_H_
#define SLOWWAVE_TESTS_SUPPORT_FILLED_TABLES_H_

namespace slowwave {

// Three tenants, t1 to t3, with the same users, and enough of everything, most of it done with, for a plan to
// be chosen as in production.
constexpr char kFill[] = R"(
  INSERT INTO slowwave.tenant(tenant_id) SELECT 't' || t FROM generate_series(1, 3) t;
  INSERT INTO slowwave.user_state(tenant_id, user_id, registered_at)
    SELECT 't' || t, 'u' || u, now() FROM generate_series(1, 3) t, generate_series(1, 300) u;
  INSERT INTO slowwave.slot SELECT 't' || t, 's' || n, 1, 1, true, true, '[]', '' FROM generate_series(1, 3) t,
    generate_series(1, 200) n;
  INSERT INTO slowwave.trig(tenant_id, user_id, ord, kind, events, next_due, times_fired)
    SELECT tenant_id, user_id, n, n, '[]', CASE n WHEN 1 THEN now() + random() * interval '6 hours' END, 0
    FROM slowwave.user_state, generate_series(1, 3) n;
  INSERT INTO slowwave.task(tenant_id, task_id, user_id, kind, state, priority, rank, reasons, options, created_at,
                            run_after, finished_at, lease_token, lease_until, lease_owner)
    SELECT tenant_id, user_id || '-' || n, user_id, 1, s.state, 0, now(), '[]', '{}', now() - n * interval '1 hour',
           CASE s.state WHEN 4 THEN now() END, CASE s.state WHEN 5 THEN now() END, l, CASE s.state WHEN 2 THEN now() END, l
    FROM (SELECT *, row_number() OVER () AS i FROM slowwave.user_state) u, generate_series(1, 20) n,
         LATERAL (SELECT CASE WHEN n > 2 THEN 5 WHEN n = 2 AND i % 7 = 0 THEN 3 WHEN n = 2 THEN 5 WHEN i % 50 = 0 THEN 2
                              WHEN i % 30 = 0 THEN 4 ELSE 1 END AS state) s,
         LATERAL (SELECT CASE s.state WHEN 2 THEN 'x' END AS l) lease;
  INSERT INTO slowwave.plan SELECT tenant_id, task_id, 'p' FROM slowwave.task WHERE state = 2;
  INSERT INTO slowwave.request SELECT tenant_id, 'r' || task_id, user_id, '', task_id, false, created_at, ''
    FROM slowwave.task;
  INSERT INTO slowwave.episode(tenant_id, user_id, id, digest, type, origin, status, occurred_at, turn, session_id,
                               speaker, importance, confidence, access_count, text, entities, metadata)
    SELECT tenant_id, user_id, 'e' || n, '', 1, 1, 1, now() - n * interval '1 hour',
           CASE WHEN n % 2 = 0 THEN n END, 's' || n / 10, '', 0.5, 0.9, 0, 'words', '[]', ''
    FROM slowwave.user_state, generate_series(1, 60) n;
  INSERT INTO slowwave.pending(tenant_id, user_id, id, type, occurred_at, importance, confidence, access_count, bytes)
    SELECT tenant_id, user_id, id, 1, occurred_at, 0.5, 0.9, 0, 5 FROM slowwave.episode WHERE turn < 20;
  INSERT INTO slowwave.review SELECT tenant_id, user_id, id, 'r', 1, 0, 0 FROM slowwave.episode WHERE turn >= 20;
  INSERT INTO slowwave.erased SELECT tenant_id, user_id, decode(md5(id), 'hex'), now() FROM slowwave.episode
    WHERE turn < 9;
  INSERT INTO slowwave.assertion SELECT tenant_id, user_id, 'k' || n, 'a' || n, 'r', '', 1, 1, 1, now(), NULL, NULL, 0,
    '', 1, 1, 1, '', '[]', '[]' FROM slowwave.user_state, generate_series(1, 30) n;
  INSERT INTO slowwave.fact SELECT tenant_id, user_id, 'k' || n, 0, 1, '', '', '', '', 1, 1, '', 1, 1, true, NULL, NULL,
    false, '[]', '[]', 'r' FROM slowwave.user_state, generate_series(1, 30) n;
  INSERT INTO slowwave.quarantine SELECT tenant_id, user_id, now(), 'r', n, '', '', '', '', '', '[]'
    FROM slowwave.user_state, generate_series(1, 10) n;
  INSERT INTO slowwave.run SELECT tenant_id, task_id, user_id, task_id, now(), now(), true, 1, '', '', '' FROM
    slowwave.task WHERE state = 5;
  INSERT INTO slowwave.exchange SELECT tenant_id, user_id, 'h' || n, 'r', now() - n * interval '1 hour', 'm', 1, 1, 'x'
    FROM slowwave.user_state, generate_series(1, 30) n;
  ANALYZE)";

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_FILLED_TABLES_H_
