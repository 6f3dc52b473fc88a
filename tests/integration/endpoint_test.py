#!/usr/bin/env python3
"""The daemon and an LLM endpoint: what it says becomes facts, what it gets wrong does not, and nothing is paid twice."""

import json
import threading
import unittest

from support import daemon, endpoint, endpoint_case, memory, wire

USER = "ines"
COUNT = 60


def episodes():
    made = []
    for number in range(COUNT):
        episode = wire.memory.Episode(
            id=f"e{number:03d}",
            text=f"I planted tree number {number} beside the river",
            speaker="Ines",
            session_id=f"s{number // 10}",
            turn=number % 10,
        )
        episode.occurred_at.seconds = 1_704_268_800 + 3600 * number
        made.append(episode)
    return made


class WithAnEndpoint(endpoint_case.EndpointCase):
    USER = USER

    def arguments_for(self, url):
        return ["--llm-base-url", url, "--llm-model", "test", "--llm-retries", "0"]

    def episodes(self):
        return episodes()

    def test_what_the_endpoint_says_becomes_facts_with_evidence(self):
        client = self.start()
        task = wire.drain(client, self.sleep(client))[-1]
        facts = list(wire.pages(client.ListFacts, "facts", user=USER, page_size=1000))
        self.assertEqual(sorted(e.episode_id for f in facts for e in f.evidence), [e.id for e in episodes()])
        self.assertEqual(set(self.endpoint.times_shown.values()), {1})
        self.assertEqual(len(self.endpoint.times_shown), COUNT)
        self.assertEqual(self.endpoint.calls, 3)
        report = client.GetReport(run_id=task.run_id)
        self.assertEqual((report.extractor[:4], report.model), ("llm/", "test"))
        self.assertEqual((report.calls, report.prompt_tokens), (3, 30))
        self.assertEqual(self.daemon.metric('slowwave_llm_calls_total{outcome="ok"}'), 3)

    def test_a_run_is_replayed_from_what_it_was_answered(self):
        client = self.start()
        task = wire.drain(client, self.sleep(client))[-1]
        calls, before = self.endpoint.calls, memory.facts(client, USER)
        replay = client.ReplayRun(run_id=task.run_id)
        self.assertEqual((replay.chunks, replay.replayed_chunks), (3, 3))
        self.assertEqual((replay.same_assertions, list(replay.differences)), (COUNT, []))
        self.assertEqual((self.endpoint.calls, memory.facts(client, USER)), (calls, before))

    def test_a_kill_before_the_commit_pays_for_nothing_twice(self):
        self.daemon.failpoints = "before_commit=kill"
        client = self.start()
        self.sleep(client)
        daemon.eventually(lambda: not self.daemon.is_alive(), "the kill")
        self.assertEqual(self.endpoint.calls, 3)
        self.daemon.failpoints = ""
        client = self.start()
        # On a server's store the dead one's lease has to run out first.
        daemon.eventually(lambda: memory.is_drained(client, USER), "the end of the work")
        self.assertEqual(self.endpoint.calls, 3)
        self.assertEqual(len(list(wire.pages(client.ListFacts, "facts", user=USER, page_size=1000))), COUNT)

    def test_what_it_makes_up_is_kept_apart(self):
        def lying(memories, _):
            gists = endpoint.gists_for(memories)
            for number, gist in enumerate(gists):
                if number % 2:
                    gist["gist"] = gist["gist"].replace("I planted tree", "Ines sold her car to Zanzibar, tree")
                else:
                    gist["evidence"][0]["quote"] = "I never said this at all"
            return 200, json.dumps({"gists": gists})

        self.endpoint.answer = lying
        client = self.start()
        wire.drain(client, self.sleep(client))
        self.assertEqual(len(client.ListFacts(user=USER).facts), 0)
        refused = list(wire.pages(client.ListQuarantine, "gists", user=USER, page_size=1000))
        self.assertEqual(len(refused), COUNT)
        self.assertEqual({r.reason for r in refused}, {"quote_not_found", "name_not_in_evidence"})

    def test_nonsense_makes_no_fact_and_costs_no_episode(self):
        self.endpoint.answer = lambda memories, call: (200, "Sure! Here is what I found: {")
        client = self.start()
        task = self.sleep(client)
        daemon.eventually(
            lambda: client.GetTask(task_id=task.id).state == wire.consolidation.TASK_STATE_DONE, "the first run's end"
        )
        self.assertEqual(client.GetUser(user=USER).pending, COUNT)
        self.assertEqual(len(client.ListFacts(user=USER).facts), 0)
        self.assertEqual(self.endpoint.calls, 6)
        self.endpoint.answer = self.endpoint.good
        # Asked for by hand, what was left is read without waiting.
        wire.drain(client, client.TriggerConsolidation(user=USER, request_id="second").task)
        self.assertEqual(client.GetUser(user=USER).pending, 0)
        self.assertEqual(len(list(wire.pages(client.ListFacts, "facts", user=USER, page_size=1000))), COUNT)

    def test_many_runs_wait_for_the_endpoint_at_once(self):
        users = [f"u{number}" for number in range(12)]  # more than there are workers
        all_here = threading.Barrier(len(users), timeout=60)

        def together(memories, call):
            all_here.wait()
            return self.endpoint.good(memories, call)

        self.endpoint.answer = together
        client = self.start()
        for number, user in enumerate(users):
            memory.ingest(client, user, episodes()[5 * number : 5 * number + 5])
        tasks = [client.TriggerConsolidation(user=user, request_id=user).task for user in users]
        for task in tasks:
            wire.drain(client, task)
        self.assertEqual(self.endpoint.calls, len(users))
        for user in users:
            self.assertEqual(len(client.ListFacts(user=user).facts), 5)

    def test_a_refused_key_costs_no_attempt_and_the_daemon_stays_ready(self):
        self.endpoint.answer = lambda memories, call: (401, "no")
        client = self.start()
        task = self.sleep(client)
        self.assert_waits_without_an_attempt(
            client, task, lambda: self.endpoint.calls, "slowwave_llm_breaker_open", "planted"
        )

    def test_a_runs_budget_cuts_the_work_into_runs_and_loses_nothing(self):
        # A call sets aside half its bytes and 200 for the reply.
        self.daemon.arguments += ["--llm-budget-run-tokens", "9000", "--llm-max-reply-tokens", "200"]
        self.daemon.arguments += ["--llm-price-prompt", "2", "--llm-price-completion", "10"]
        client = self.start()
        runs = wire.drain(client, self.sleep(client))
        self.assertGreater(len(runs), 1)
        first = client.GetReport(run_id=runs[0].run_id)
        self.assertEqual((first.budget_met, first.partial), ("run", True))
        self.assertTrue(any("budget of tokens is met" in error for error in first.errors), first.errors)
        self.assertAlmostEqual(first.cost, first.calls * (10 * 2 + 5 * 10) / 1e6)
        self.assertEqual(client.GetUser(user=USER).pending, 0)
        self.assertEqual(set(self.endpoint.times_shown.values()), {1})
        self.assertEqual(len(list(wire.pages(client.ListFacts, "facts", user=USER, page_size=1000))), COUNT)

    def test_a_tenant_whose_day_is_spent_waits_for_tomorrow_without_an_attempt(self):
        self.daemon.arguments += ["--llm-budget-tenant-tokens-per-day", "9000", "--llm-max-reply-tokens", "200"]
        # Within what a call sets aside; two of them spend the day.
        self.endpoint.usage = {"prompt_tokens": 4_000, "completion_tokens": 200}
        client = self.start()
        task = self.sleep(client)
        follow_up = daemon.eventually(lambda: client.GetTask(task_id=task.id).follow_up, "the follow-up")
        daemon.eventually(
            lambda: client.GetTask(task_id=follow_up).state == wire.consolidation.TASK_STATE_DELAYED, "the delay"
        )
        waiting = client.GetTask(task_id=follow_up)
        self.assertEqual(waiting.attempt, 0)
        self.assertIn("tokens for today are spent", waiting.last_error)
        self.assertGreater(waiting.run_after.seconds, task.created_at.seconds)
        self.assertLessEqual(self.endpoint.calls * 4_200, 9_000)
        report = client.GetReport(task_id=task.id)
        self.assertEqual(report.budget_met, "tenant_day")
        self.assertGreater(client.GetUser(user=USER).pending, 0)
        self.assertGreaterEqual(self.daemon.metric('slowwave_budget_met_total{budget="tenant_day"}'), 2)


if __name__ == "__main__":
    unittest.main()
