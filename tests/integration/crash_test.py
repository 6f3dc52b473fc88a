#!/usr/bin/env python3
"""Two daemons on one Postgres, killed at every stage boundary and at random moments: nothing lost, nothing doubled.

SLOWWAVE_CRASH_REPEATS: how often each boundary (1). SLOWWAVE_CRASH_KILLS: random kills (24). SLOWWAVE_CRASH_SEED: of
their moments; the one that was used is printed.
"""

import concurrent.futures
import itertools
import os
import queue
import random
import subprocess
import sys
import threading
import unittest

import grpc
from support import daemon, memory, postgres, wire
from support.pair import Load, Pair

REPEATS = int(os.environ.get("SLOWWAVE_CRASH_REPEATS", "1"))
KILLS = int(os.environ.get("SLOWWAVE_CRASH_KILLS", "24"))
SEED = int(os.environ.get("SLOWWAVE_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
# Most of the time is spent waiting for leases to run out, so several pairs do that side by side.
PAIRS = 4
# Who is killed there: the one, the other, both.
VICTIMS = [[0], [1], [0, 1]]
ROUNDS_PATIENCE = 50  # Users brought in until a daemon comes by the place at which it is to be killed.


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def failpoints():
    """All that the daemon knows: it names them when it is told of another."""
    environment = {**os.environ, "SLOWWAVE_FAILPOINTS": "nowhere=kill"}
    refused = subprocess.run(
        [daemon.binary(), "serve"], env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert refused.returncode == 2, refused
    return refused.stderr.rpartition("there are ")[2].strip().split(", ")


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.memories = memory.memories()
        server = postgres.shared()
        with Pair([server.new_database()]) as undisturbed:
            for each in cls.memories:
                each.sleep_undisturbed(undisturbed.client, f"undisturbed-{each.name}")

    def on_pairs(self, work, cases, arguments=()):
        """work(pair, case) for each case, on several pairs at once."""
        server = postgres.shared()
        waiting = queue.SimpleQueue()
        for case in cases:
            waiting.put(case)

        def one_after_another(url):
            done = []
            with Pair([url, url], arguments=arguments) as pair:
                while True:
                    try:
                        case = waiting.get_nowait()
                    except queue.Empty:
                        return done
                    done.append(work(pair, case))

        urls = [server.new_database() for _ in range(min(PAIRS, waiting.qsize()))]
        with concurrent.futures.ThreadPoolExecutor(len(urls)) as threads:
            return list(itertools.chain(*threads.map(one_after_another, urls)))

    def bring_in(self, client, users):
        """Safe to repeat, also for users that came in half."""
        for user, expected in users.items():
            memory.ingest(client, user, expected.episodes)
            expected.trigger(client, user)

    def until_all_died(self, doomed, users, prefix):
        """Brings in users until each of these daemons has come by the place at which it kills itself."""
        for number in range(ROUNDS_PATIENCE):
            living = [each for each in doomed if each.is_alive()]
            if not living:
                return
            more = {f"{prefix}-{number}-{each.name}": each for each in self.memories}
            users.update(more)
            with wire.Client(living[-1].address) as client:

                def one_died_or_all_is_done():
                    return not all(each.is_alive() for each in living) or all(
                        memory.is_drained(client, user) for user in users
                    )

                try:
                    self.bring_in(client, more)
                    daemon.eventually(one_died_or_all_is_done, f"{prefix}: a kill, or the end of the work")
                except grpc.RpcError as error:
                    # It died meanwhile.
                    self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
        self.fail(f"{prefix}: somebody did not come by")

    def killed_at(self, pair, case):
        """How many daemons were killed in this case: once each victim."""
        failpoint, victims, repeat = case
        prefix = f"{failpoint}-{''.join(map(str, victims))}-{repeat}"
        for number in victims:
            # At another hit each time, so that it is not always a task's first run.
            pair.daemons[number].restart(f"{failpoint}=kill@{1 + (repeat + number) % 3}")
        doomed = [pair.daemons[number] for number in victims]
        users = {}
        self.until_all_died(doomed, users, prefix)
        for each in doomed:
            each.kill()  # Buries it.
            each.failpoints = ""
            each.start()
        self.bring_in(pair.client, users)
        pair.await_drained(users)
        pair.check(self, users)
        return len(doomed)

    def test_at_every_stage_boundary(self):
        places = failpoints()
        cases = itertools.product(places, VICTIMS, range(REPEATS))
        kills = sum(self.on_pairs(self.killed_at, cases))
        say(f"{kills} kills at {', '.join(places)}")
        self.assertEqual(kills, REPEATS * len(places) * sum(map(len, VICTIMS)))
        self.assertGreaterEqual(len(places), 8)

    def killed_at_random(self, pair, case):
        """How many users there were, and how many of their tasks had to begin again."""
        seed, kills = case
        rng = random.Random(seed)
        with Load(pair, self.memories, f"random-{seed}") as load:
            for _ in range(kills):
                # The moment is what is random here; nothing is waited for.
                threading.Event().wait(rng.uniform(0, 0.5))
                victim = rng.choice(pair.daemons)
                victim.kill()
                victim.start()
        tasks = pair.check(self, load.users)
        return len(load.users), sum(task.attempt > 1 for task in tasks)

    def test_at_random_moments(self):
        say(f"SLOWWAVE_CRASH_SEED={SEED}")
        cases = [(SEED + number, KILLS // PAIRS + (number < KILLS % PAIRS)) for number in range(PAIRS)]
        # A task may well be unlucky more than five times.
        done = self.on_pairs(self.killed_at_random, cases, ["--tasks-max-attempts", "100"])
        users, interrupted = (sum(column) for column in zip(*done))
        say(f"{KILLS} kills at random, {interrupted} interrupted tasks, {users} users")
        # Else the moments were badly chosen, and this shows nothing.
        self.assertGreaterEqual(interrupted, 1)


if __name__ == "__main__":
    unittest.main()
