#!/usr/bin/env python3
"""SIGKILL at random moments: nothing is lost, nothing is doubled, the facts are those of an undisturbed run."""

import os
import random
import threading
import time
import unittest

import grpc
from support import daemon, wire
from support.conversation import conversation

USER = "killed"
EPISODES = 600
LIMIT = 60  # A run; so that there are many runs, and boundaries between them, to be killed at.
ROUNDS = int(os.environ.get("SLOWWAVE_KILL_ROUNDS", "4"))
KILLS = 5  # A round, at most: the work may be done before.
UNFINISHED = [
    wire.consolidation.TASK_STATE_WAITING,
    wire.consolidation.TASK_STATE_RUNNING,
    wire.consolidation.TASK_STATE_BEHIND,
    wire.consolidation.TASK_STATE_DELAYED,
]


def ingest(client, episodes):
    for start in range(0, len(episodes), 100):
        answer = client.IngestEpisodes(user=USER, episodes=episodes[start : start + 100])
        for result in answer.results:
            assert result.status in (wire.memory.INGEST_STATUS_STORED, wire.memory.INGEST_STATUS_EXISTS), result


def trigger(client, request_id):
    return client.TriggerConsolidation(user=USER, episode_limit=LIMIT, request_id=request_id).task


def is_drained(client):
    unfinished = client.ListTasks(user=USER, states=UNFINISHED)
    return not unfinished.tasks and client.GetUser(user=USER).pending == 0


def facts(client):
    """As printed, without the run that last changed them."""
    found = []
    for fact in wire.pages(client.ListFacts, "facts", user=USER, history=True, page_size=1000):
        fact.run_id = ""
        found.append(fact.SerializeToString(deterministic=True))
    return found


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.episodes = conversation(seed=41, count=EPISODES)
        with daemon.Daemon() as undisturbed, wire.Client(undisturbed.address) as client:
            began = time.monotonic()
            ingest(client, cls.episodes)
            cls.ingest_seconds = time.monotonic() - began
            tasks = wire.drain(client, trigger(client, "first"))
            assert is_drained(client)
            cls.digest = client.GetUser(user=USER).digest
            cls.facts = facts(client)
            times = [task.finished_at.ToNanoseconds() for task in tasks] + [tasks[0].started_at.ToNanoseconds()]
            cls.seconds = (max(times) - min(times)) / 1e9
        assert len(cls.facts) > 20, f"only {len(cls.facts)} facts: too little to lose"

    def check(self, client, label):
        with self.subTest(label):
            user = client.GetUser(user=USER)
            self.assertEqual((user.episodes, user.pending, user.unreadable), (EPISODES, 0, 0))
            self.assertEqual(user.digest, self.digest)
            self.assertEqual(facts(client), self.facts)
            self.assertTrue(client.VerifyUser(user=USER).equal)
            # Each episode was reviewed by one run that is on record, and the runs read as many as there are.
            runs = {report.run_id: report for report in wire.pages(client.ListReports, "reports", user=USER)}
            stored = list(wire.pages(client.ListEpisodes, "episodes", user=USER, page_size=500))
            self.assertEqual([x.episode.id for x in stored], [x.id for x in self.episodes])
            reviewed = {run: 0 for run in runs}
            for each in stored:
                reviewed[each.reviewed_by] += 1
            self.assertEqual(reviewed, {run: report.sampled for run, report in runs.items()})

    def finish(self, server):
        with wire.Client(server.address) as client:
            daemon.eventually(lambda: is_drained(client), "the backlog to drain")
            self.check(client, "drained")
            before = client.GetUser(user=USER)
            wire.drain(client, trigger(client, "second"))
            self.check(client, "drained again")
            self.assertEqual(client.GetUser(user=USER).facts, before.facts)

    def test_while_it_consolidates(self):
        interrupted = 0
        for number in range(ROUNDS):
            rng = random.Random(number)
            with self.subTest(round=number), daemon.Daemon() as server:
                with wire.Client(server.address) as client:
                    ingest(client, self.episodes)
                    trigger(client, "first")
                for _ in range(KILLS):
                    # The moment is what is random here; nothing is waited for.
                    threading.Event().wait(rng.uniform(0, self.seconds / 2))
                    server.kill()
                    server.start()
                    with wire.Client(server.address) as client:
                        # Asked again by who does not know whether the first request arrived: the same task.
                        trigger(client, "first")
                        if is_drained(client):
                            break
                        interrupted += 1
                self.finish(server)
        # Else the moments were badly chosen, and this test shows nothing.
        self.assertGreaterEqual(interrupted, ROUNDS)

    def test_while_it_takes_episodes_in(self):
        interrupted = 0
        for number in range(ROUNDS):
            rng = random.Random(100 + number)
            with self.subTest(round=number), daemon.Daemon() as server:
                with wire.Client(server.address) as client:
                    killer = threading.Timer(rng.uniform(0, self.ingest_seconds), server.kill)
                    killer.start()
                    try:
                        ingest(client, self.episodes)
                    except grpc.RpcError as error:
                        self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
                        interrupted += 1
                    killer.join()
                server.start()
                with wire.Client(server.address) as client:
                    ingest(client, self.episodes)
                    trigger(client, "first")
                self.finish(server)
        self.assertGreaterEqual(interrupted, 1)


if __name__ == "__main__":
    unittest.main()
