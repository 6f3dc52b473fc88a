#!/usr/bin/env python3
"""The daemon and an embeddings endpoint: it decides what is alike, is asked once, and nothing is lost when it fails."""

import unittest

from support import daemon, endpoint_case, memory, wire

USER = "iris"
TOPICS = ("apples", "boats", "clouds")
COUNT = 30


def episodes():
    """No two of a topic share a word but its first, which only the endpoint takes for one."""
    made = []
    for number in range(COUNT):
        topic = TOPICS[number % len(TOPICS)]
        episode = wire.memory.Episode(
            id=f"e{number:03d}", text=f"{topic}{number} zq{number}x wv{number}y", speaker="Iris", session_id="s"
        )
        episode.occurred_at.seconds = 1_704_268_800 + 3600 * number
        made.append(episode)
    return made


class WithAnEmbeddingsEndpoint(endpoint_case.EndpointCase):
    USER = USER

    def arguments_for(self, url):
        return [
            *("--embedding-base-url", url, "--embedding-model", "test"),
            *("--embedding-retries", "0", "--embedding-texts-per-call", "8"),
        ]

    def episodes(self):
        return episodes()

    def assert_topics(self, report):
        clusters = {frozenset(cluster.episode_ids) for cluster in report.cluster_list}
        self.assertEqual(
            clusters, {frozenset(f"e{n:03d}" for n in range(COUNT) if n % len(TOPICS) == t) for t in range(len(TOPICS))}
        )
        for cluster in report.cluster_list:
            self.assertAlmostEqual(cluster.cohesion, 1, places=3)

    def test_the_endpoint_says_what_is_alike_and_is_asked_once(self):
        client = self.start()
        task = wire.drain(client, self.sleep(client))[-1]
        report = client.GetReport(run_id=task.run_id)
        self.assert_topics(report)
        self.assertEqual((report.embedding_model, report.embedded), ("test", COUNT))
        self.assertEqual((report.embedding_calls, report.embedding_tokens), (4, COUNT))
        self.assertEqual(list(report.errors), [])
        self.assertIn("embed", [stage.name for stage in report.stages])
        self.assertEqual(set(self.endpoint.times_embedded.values()), {1})
        self.assertEqual(self.daemon.metric('slowwave_embedding_calls_total{outcome="ok"}'), 4)

    def test_a_kill_after_the_plan_asks_for_nothing_twice(self):
        self.daemon.failpoints = "after_plan=kill"
        client = self.start()
        task = self.sleep(client)
        daemon.eventually(lambda: not self.daemon.is_alive(), "the kill")
        self.daemon.failpoints = ""
        client = self.start()
        daemon.eventually(lambda: memory.is_drained(client, USER), "the end of the work")
        self.assertEqual(self.endpoint.embed_calls, 4)
        self.assert_topics(client.GetReport(task_id=task.id))

    def test_embeddings_of_their_own_are_left_alone_and_others_kept_apart(self):
        client = self.start()
        sent = episodes()
        for number, episode in enumerate(sent):
            if number < 6:
                episode.embedding.extend([1.0, 0.5, 0.25] if number % 3 == 0 else [-1.0, 0.5, number])
        task = wire.drain(client, self.sleep(client, sent))[-1]
        report = client.GetReport(run_id=task.run_id)
        self.assertEqual(report.embedded, COUNT - 6)
        self.assertFalse({e.text for e in sent[:6]} & set(self.endpoint.times_embedded))
        self.assertTrue(any("have 3 numbers, those of test 8" in error for error in report.errors), report.errors)
        own = {e.id for e in sent[:6]}
        for cluster in report.cluster_list:
            self.assertIn(len(own & set(cluster.episode_ids)), (0, len(cluster.episode_ids)))

    def test_an_endpoint_that_fails_is_said_and_the_built_in_one_takes_its_place(self):
        self.endpoint.embed = lambda texts: (500, "no")
        client = self.start()
        task = wire.drain(client, self.sleep(client))[-1]
        report = client.GetReport(run_id=task.run_id)
        self.assertEqual(report.embedded, 0)
        self.assertTrue(any("no embedding of the endpoint's" in error for error in report.errors), report.errors)
        self.assertEqual(client.GetUser(user=USER).pending, 0)

    def test_a_refused_key_costs_no_attempt_and_the_daemon_stays_ready(self):
        self.endpoint.embed = lambda texts: (401, "no")
        client = self.start()
        task = self.sleep(client)
        self.assert_waits_without_an_attempt(
            client, task, lambda: self.endpoint.embed_calls, "slowwave_embedding_breaker_open", "apples"
        )


if __name__ == "__main__":
    unittest.main()
