#!/usr/bin/env python3
"""Two daemons on one Postgres, killed at every stage boundary and at random moments: nothing lost, nothing doubled,
and, with an LLM endpoint, no answer that was stored is paid for again. That also with one daemon on its own store.

SLOWWAVE_CRASH_REPEATS: how often each boundary (1). SLOWWAVE_CRASH_KILLS: random kills (24). SLOWWAVE_CRASH_SEED: of
their moments; the one that was used is printed.
"""

import concurrent.futures
import contextlib
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
from support.conversation import conversation
from support.endpoint import Endpoint
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


def on_pairs(work, cases, open_pair):
    """work(pair, case) for each case, on several pairs at once. `open_pair(urls)`: of daemons on a database."""
    server = postgres.shared()
    waiting = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)

    def one_after_another(url):
        done = []
        with open_pair([url, url]) as pair:
            while True:
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return done
                done.append(work(pair, case))

    urls = [server.new_database() for _ in range(min(PAIRS, waiting.qsize()))]
    with concurrent.futures.ThreadPoolExecutor(len(urls)) as threads:
        return list(itertools.chain(*threads.map(one_after_another, urls)))


def random_cases(kills=KILLS):
    """The seeds of the moments and how many kills each, one case a pair."""
    say(f"SLOWWAVE_CRASH_SEED={SEED}")
    return [(SEED + number, kills // PAIRS + (number < kills % PAIRS)) for number in range(PAIRS)]


def kill_at_random(pair, memories, seed, kills):
    """Under a load, which is drained in the end. Returns its users."""
    rng = random.Random(seed)
    with Load(pair, memories, f"random-{seed}") as load:
        for _ in range(kills):
            # The moment is what is random here; nothing is waited for.
            threading.Event().wait(rng.uniform(0, 0.5))
            victim = rng.choice(pair.daemons)
            victim.kill()
            victim.start()
    return load.users


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.memories = memory.memories()
        server = postgres.shared()
        with Pair([server.new_database()], lease=30) as undisturbed:
            for each in cls.memories:
                each.sleep_undisturbed(undisturbed.client, f"undisturbed-{each.name}")

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
        kills = sum(on_pairs(self.killed_at, cases, Pair))
        say(f"{kills} kills at {', '.join(places)}")
        self.assertEqual(kills, REPEATS * len(places) * sum(map(len, VICTIMS)))
        self.assertGreaterEqual(len(places), 8)

    def killed_at_random(self, pair, case):
        """How many users there were, and how many of their tasks had to begin again."""
        users = kill_at_random(pair, self.memories, *case)
        tasks = pair.check(self, users)
        return len(users), sum(task.attempt > 1 for task in tasks)

    def test_at_random_moments(self):
        done = on_pairs(self.killed_at_random, random_cases(), Pair)
        users, interrupted = (sum(column) for column in zip(*done))
        say(f"{KILLS} kills at random, {interrupted} interrupted tasks, {users} users")
        # Else the moments were badly chosen, and this shows nothing.
        self.assertGreaterEqual(interrupted, 1)


class CrashWithAnEndpoint(unittest.TestCase):
    """The endpoint counts its calls: an undisturbed memory takes `chunks` of them, at most `run_chunks` of them in a
    run. Users come in one after another, so that what a kill may cost is known."""

    LIMIT, RUNS, SIZE = 48, 2, 8  # Memories of a run, and of a call.
    IN_FLIGHT = 4  # Calls that a daemon makes at once, where kills come at random.

    @classmethod
    def setUpClass(cls):
        cls.memory = memory.Memory("talk-54", conversation(seed=54, count=cls.LIMIT * cls.RUNS), cls.LIMIT)
        with cls.with_endpoint([postgres.shared().new_database()], lease=30) as undisturbed:
            tasks = cls.memory.sleep_undisturbed(undisturbed.client)
            calls = [undisturbed.client.GetReport(run_id=task.run_id).calls for task in tasks]
            cls.chunks, cls.run_chunks = undisturbed.endpoint.calls, max(calls)
        assert len(calls) == cls.RUNS and sum(calls) == cls.chunks and min(calls) >= cls.LIMIT / cls.SIZE, calls

    @classmethod
    @contextlib.contextmanager
    def with_endpoint(cls, urls, *arguments, lease=6):
        """A pair that asks an endpoint of its own. (A run whose lease was lost asks again.)"""
        with Endpoint() as endpoint:
            asking = ["--llm-base-url", endpoint.url, "--llm-model", "test", "--extract-chunk-memories", str(cls.SIZE)]
            with Pair(urls, arguments=[*asking, *arguments], lease=lease) as pair:
                pair.endpoint = endpoint
                yield pair

    def killed_at(self, pair, case):
        """How many daemons killed themselves while the user was at work."""
        place, repeat = case
        user = f"{place}-{repeat}"
        for number, each in enumerate(pair.daemons):
            each.restart(f"{place}=kill@{1 + (repeat + number) % self.RUNS}")
        calls_before, kills, is_in = pair.endpoint.calls, 0, False

        def drained():
            nonlocal kills, is_in
            for each in pair.daemons:
                if not each.is_alive():
                    each.kill()  # Buries it.
                    each.failpoints = ""
                    each.start()
                    kills += 1
            try:
                with wire.Client(pair.daemons[0].address) as client:
                    if not is_in:
                        memory.ingest(client, user, self.memory.episodes)
                        self.memory.trigger(client, user)
                        is_in = True
                    # All may be done while the last of it is still on its way down.
                    return memory.is_drained(client, user) and kills > 0
            except grpc.RpcError as error:
                # It died meanwhile.
                self.assertIn(error.code(), memory.RETRIED, error.details())
                return False

        daemon.eventually(drained, f"{user} to be drained")
        pair.check(self, {user: self.memory})
        extra = pair.endpoint.calls - calls_before - self.chunks
        # Where a chunk has just been answered, it and the others of its run may be under way. Anywhere else none is.
        with self.subTest(place=place, repeat=repeat, kills=kills):
            self.assertGreaterEqual(extra, 0)
            self.assertLessEqual(extra, kills * self.run_chunks if place == "after_chunk" else 0)
        return kills

    def assert_killed(self, cases, kills):
        say(f"{sum(kills)} kills at {len(cases)} places with an endpoint")
        self.assertGreaterEqual(min(kills), 1)

    def test_at_every_stage_boundary(self):
        cases = list(itertools.product(failpoints(), range(REPEATS)))
        self.assert_killed(cases, on_pairs(self.killed_at, cases, self.with_endpoint))

    def test_at_every_stage_boundary_on_a_store_of_its_own(self):
        cases = list(itertools.product(failpoints(), range(REPEATS)))
        # Each has a file of its own, whatever database is offered.
        self.assert_killed(cases, on_pairs(self.killed_at, cases, lambda _: self.with_endpoint([""])))

    def killed_at_random(self, pair, case):
        """How many calls were made, and how many of them in vain."""
        _, kills = case
        good, pause = pair.endpoint.good, threading.Event()

        def slowly(memories, call):
            pause.wait(0.05)
            return good(memories, call)

        pair.endpoint.answer = slowly
        users = kill_at_random(pair, [self.memory], *case)
        pair.check(self, users)
        extra = pair.endpoint.calls - self.chunks * len(users)
        self.assertGreaterEqual(extra, 0)
        # In flight, or answered and not yet stored.
        self.assertLessEqual(extra, kills * 2 * self.IN_FLIGHT)
        return pair.endpoint.calls, extra

    def test_at_random_moments(self):
        done = on_pairs(
            self.killed_at_random,
            random_cases(KILLS // 2),
            lambda urls: self.with_endpoint(urls, "--llm-max-in-flight", str(self.IN_FLIGHT)),
        )
        calls, extra = (sum(column) for column in zip(*done))
        say(f"{KILLS // 2} kills at random with an endpoint, {calls} calls, {extra} of them in vain")
        self.assertGreaterEqual(extra, 1)


if __name__ == "__main__":
    unittest.main()
