#!/usr/bin/env python3
"""SIGKILL at random moments: nothing is lost, nothing is doubled, the facts are those of an undisturbed run."""

import os
import random
import threading
import time
import unittest

import grpc
from support import daemon, memory, wire
from support.conversation import conversation

USER = "killed"
EPISODES = 600
LIMIT = 60  # A run; so that there are many runs, and boundaries between them, to be killed at.
ROUNDS = int(os.environ.get("SLOWWAVE_KILL_ROUNDS", "4"))
MOST_ROUNDS = 10 * ROUNDS  # Until enough kills have come while there was work.
KILLS = 5  # A round, at most: the work may be done before.


def server_of_this_run():
    # Where others could hold them, the tasks of a killed daemon come back when their leases run out.
    return daemon.Daemon(arguments=["--lease-seconds", "3", "--tasks-max-attempts", "100"])


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.memory = memory.Memory("talk", conversation(seed=41, count=EPISODES), LIMIT)
        with server_of_this_run() as undisturbed, wire.Client(undisturbed.address) as client:
            began = time.monotonic()
            memory.ingest(client, "ingested", cls.memory.episodes)
            cls.ingest_seconds = time.monotonic() - began
            tasks = cls.memory.sleep_undisturbed(client)
            times = [task.finished_at.ToNanoseconds() for task in tasks] + [tasks[0].started_at.ToNanoseconds()]
            cls.seconds = (max(times) - min(times)) / 1e9

    def check(self, client, label):
        with self.subTest(label):
            self.memory.check(self, client, USER)

    def finish(self, server):
        with wire.Client(server.address) as client:
            daemon.eventually(lambda: memory.is_drained(client, USER), "the backlog to drain")
            self.check(client, "drained")
            before = client.GetUser(user=USER)
            wire.drain(client, self.memory.trigger(client, USER, "second"))
            self.check(client, "drained again")
            self.assertEqual(client.GetUser(user=USER).facts, before.facts)

    def test_while_it_consolidates(self):
        interrupted = number = 0
        seconds = self.seconds
        while number < ROUNDS or (interrupted < ROUNDS and number < MOST_ROUNDS):
            rng = random.Random(number)
            number += 1
            with self.subTest(round=number), server_of_this_run() as server:
                with wire.Client(server.address) as client:
                    memory.ingest(client, USER, self.memory.episodes)
                    self.memory.trigger(client, USER, "first")
                for _ in range(KILLS):
                    # The moment is what is random here; nothing is waited for.
                    threading.Event().wait(rng.uniform(0, seconds / 2))
                    server.kill()
                    server.start()
                    with wire.Client(server.address) as client:
                        # Asked again by who does not know whether the first request arrived: the same task.
                        self.memory.trigger(client, USER, "first")
                        if memory.is_drained(client, USER):
                            # The machine is quicker now than when it was measured.
                            seconds /= 2
                            break
                        interrupted += 1
                self.finish(server)
        # Else the moments were badly chosen, and this test shows nothing.
        self.assertGreaterEqual(interrupted, ROUNDS)

    def test_while_it_takes_episodes_in(self):
        interrupted = number = 0
        seconds = self.ingest_seconds
        while number < ROUNDS or (interrupted < 1 and number < MOST_ROUNDS):
            rng = random.Random(100 + number)
            number += 1
            with self.subTest(round=number), server_of_this_run() as server:
                with wire.Client(server.address) as client:
                    killer = threading.Timer(rng.uniform(0, seconds), server.kill)
                    killer.start()
                    try:
                        memory.ingest(client, USER, self.memory.episodes)
                        seconds /= 2
                    except grpc.RpcError as error:
                        self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
                        interrupted += 1
                    killer.join()
                server.start()
                with wire.Client(server.address) as client:
                    memory.ingest(client, USER, self.memory.episodes)
                    self.memory.trigger(client, USER, "first")
                self.finish(server)
        self.assertGreaterEqual(interrupted, 1)


if __name__ == "__main__":
    unittest.main()
