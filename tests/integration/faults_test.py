#!/usr/bin/env python3
"""An endpoint that makes things up, garbles, cuts off, refuses, fails and hangs: what is false is kept apart with the
reason, and in the end the facts are those of an endpoint that did none of it, at hardly more calls."""

import unittest

from support import daemon, endpoint_case, faults, memory, wire
from support.daemon import Daemon
from support.endpoint import Answer, Endpoint

USER = "ines"
COUNT = 96
PATIENCE = 12  # Runs by hand in which what was left must be read.


def episodes(first=0, count=COUNT):
    made = []
    for number, text in enumerate(faults.texts(first + count)[first:]):
        episode = wire.memory.Episode(
            id=f"e{number:03d}",
            text=text,
            speaker=faults.PEOPLE[number % 2],
            session_id=f"s{number // 12}",
            turn=number % 12,
        )
        episode.occurred_at.seconds = 1_704_268_800 + 3600 * number
        made.append(episode)
    return made


def arguments_for(url, *more):
    # Calls that are so short that a few of them can be spoiled and most are not.
    few = ["--extract-chunk-memories", "8", "--tasks-max-attempts", "2"]
    return ["--llm-base-url", url, "--llm-model", "test", *few, *more]


class Faulty(endpoint_case.EndpointCase):
    USER = USER

    @classmethod
    def setUpClass(cls):
        with Endpoint() as endpoint, Daemon(arguments=arguments_for(endpoint.url)) as server:
            endpoint.answer = faults.Faults()
            with wire.Client(server.address) as client:
                memory.ingest(client, USER, episodes())
                wire.drain(client, client.TriggerConsolidation(user=USER, request_id="first").task)
                cls.digest, cls.facts = client.GetUser(user=USER).digest, memory.facts(client, USER)
            cls.calls = endpoint.calls
        assert len(cls.facts) == COUNT, cls.facts

    def arguments_for(self, url):
        return arguments_for(url)

    def episodes(self):
        return episodes()

    def undergo(self, *arguments, **shares):
        """Sleeps with these faults, then with none until all is read. Returns the faults and the client."""
        self.daemon.arguments += arguments
        spoiled = self.endpoint.answer = faults.Faults(**shares)
        client = self.start()
        wire.drain(client, self.sleep(client))
        self.endpoint.answer = faults.Faults()
        for number in range(PATIENCE):
            if client.GetUser(user=USER).pending == 0:
                break
            wire.drain(client, client.TriggerConsolidation(user=USER, request_id=f"again-{number}").task)
        self.assertGreater(spoiled.served.total(), 0)
        self.assertLessEqual(self.endpoint.calls, 1.5 * self.calls + spoiled.served.total(), spoiled.served)
        return spoiled, client

    def assert_nothing_is_lost_or_made_up(self, client):
        state = client.GetUser(user=USER)
        self.assertEqual((state.pending, state.unreadable), (0, 0))
        self.assertEqual(memory.facts(client, USER), self.facts)
        self.assertEqual(state.digest, self.digest)

    def assert_kept_apart(self, kind):
        spoiled, client = self.undergo(**{kind: 1})
        self.assert_nothing_is_lost_or_made_up(client)
        kept_apart = list(wire.pages(client.ListQuarantine, "gists", user=USER, page_size=1000))
        self.assertEqual({gist.text for gist in kept_apart}, set(spoiled.false))
        self.assertEqual({gist.reason for gist in kept_apart}, {faults.FALSE[kind][1]})
        self.assertEqual(self.endpoint.calls, self.calls)

    def test_what_is_invented_is_kept_apart(self):
        self.assert_kept_apart("invent")

    def test_what_nobody_said_is_kept_apart(self):
        self.assert_kept_apart("misquote")

    def test_what_another_said_is_kept_apart(self):
        self.assert_kept_apart("misattribute")

    def test_what_is_altered_is_kept_apart(self):
        self.assert_kept_apart("alter")

    def test_a_reply_that_cannot_be_read_is_asked_for_again(self):
        _, client = self.undergo(garble=0.3)
        self.assert_nothing_is_lost_or_made_up(client)
        self.assertGreater(self.daemon.metric('slowwave_llm_calls_total{outcome="ok"}'), self.calls)

    def test_an_answer_that_is_cut_off_is_asked_for_in_parts(self):
        _, client = self.undergo(truncate=0.15)
        self.assert_nothing_is_lost_or_made_up(client)
        self.assertGreater(self.daemon.metric('slowwave_llm_calls_total{outcome="length"}'), 0)

    def test_a_busy_endpoint_is_asked_when_it_says_and_no_attempt_is_used(self):
        spoiled, client = self.undergo(rate_limit=0.3)
        self.assert_nothing_is_lost_or_made_up(client)
        # No call beyond those that were turned away, no second run, no second attempt.
        self.assertEqual(self.endpoint.calls, self.calls + spoiled.served.total())
        tasks = list(wire.pages(client.ListTasks, "tasks", user=USER))
        self.assertEqual([task.attempt for task in tasks], [1])

    def test_failing_calls_are_tried_again(self):
        _, client = self.undergo(fail=0.3)
        self.assert_nothing_is_lost_or_made_up(client)
        self.assertGreater(self.daemon.metric('slowwave_llm_calls_total{outcome="server_error"}'), 0)

    def test_hanging_calls_are_given_up_and_asked_again(self):
        _, client = self.undergo("--llm-silence-seconds", "4", hang=0.2)
        self.assert_nothing_is_lost_or_made_up(client)
        self.assertGreater(self.daemon.metric('slowwave_llm_calls_total{outcome="timeout"}'), 0)

    def test_many_faults_at_once(self):
        _, client = self.undergo(rate_limit=0.2, fail=0.2, garble=0.1, truncate=0.1, invent=0.5, alter=0.5)
        self.assert_nothing_is_lost_or_made_up(client)

    def test_what_hangs_for_one_user_does_not_keep_others_waiting(self):
        def hang_for_one(memories, call):
            if any("Ghent" in each["text"] for each in memories.values()):
                return Answer(hang=True)
            return self.endpoint.good(memories, call)

        self.endpoint.answer = hang_for_one
        client = self.start()
        self.sleep(client, [each for each in episodes() if "Ghent" in each.text][:8])
        daemon.eventually(lambda: self.endpoint.hanging, "a call that hangs")
        for number in range(8):
            user = f"other-{number}"
            memory.ingest(client, user, [each for each in episodes() if "Ghent" not in each.text][:8])
            wire.drain(client, client.TriggerConsolidation(user=user, request_id=user).task)
            self.assertEqual(len(memory.facts(client, user)), 8)
        self.assertEqual(client.GetUser(user=USER).pending, 8)
        self.assertEqual(self.endpoint.hanging, 1)

    def test_a_memory_that_is_refused_stands_alone_in_the_end_and_the_others_are_read(self):
        refused = episodes()[17]
        _, client = self.undergo(refused=refused.text)
        state = client.GetUser(user=USER)
        self.assertEqual((state.pending, state.unreadable), (0, 1))
        cited = {e.episode_id for f in wire.pages(client.ListFacts, "facts", user=USER) for e in f.evidence}
        self.assertEqual(cited, {each.id for each in episodes()} - {refused.id})


if __name__ == "__main__":
    unittest.main()
