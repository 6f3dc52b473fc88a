#!/usr/bin/env python3
"""Postgres, the network, the clock and whole daemons fail under several daemons at work; then all goes on."""

import concurrent.futures
import contextlib
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from collections import Counter

import grpc
from support import daemon, memory, postgres, wire
from support.conversation import conversation
from support.pair import Load, Pair
from support.tcp_proxy import TcpProxy

c = wire.common

# What is promised, in seconds.
NOT_READY_WITHIN = 5
WORKING_WITHIN = 10
SHUTDOWN = 5
# The time of day is another; the clock that nobody sets is right.
FAKED = {
    "LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}


def stopped_runs(each):
    """Runs that found that their lease was another's, or over."""
    return each.metric('slowwave_runs_total{outcome="fenced"}') + each.metric("slowwave_leases_lost_total")


class Outage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres.shared()
        cls.memories = memory.memories()
        # So small that it is read at once, wherever there is a worker.
        cls.small = memory.Memory("small", conversation(seed=53, count=60), 60)
        cls.counter = 0
        with Pair([cls.server.new_database()], lease=30) as undisturbed:
            for each in [*cls.memories, cls.small]:
                each.sleep_undisturbed(undisturbed.client, f"undisturbed-{each.name}")

    def pair(self, count=2, **settings):
        return Pair([self.server.new_database()] * count, **settings)

    def works(self, each, patience):
        """A new user, brought to this daemon, is drained in time."""
        deadline = time.monotonic() + patience

        def left():
            return max(deadline - time.monotonic(), 0.001)

        Outage.counter += 1
        user = f"works-{Outage.counter}"
        daemon.eventually(each.is_ready, "the daemon to be ready again", left())
        with memory.AnyOf([each]) as client:
            memory.ingest(client, user, self.small.episodes)
            self.small.trigger(client, user)
            daemon.eventually(lambda: memory.is_drained(client, user), f"{user} to be drained", left())
            self.small.check(self, client, user)

    def out_and_back(self, pair, cut_off, break_it, mend_it):
        """Under load; `cut_off`: the daemons that it breaks for. Returns what the load's users did."""
        with Load(pair, self.memories) as load:
            load.await_drained(2)
            break_it()
            try:
                for each in cut_off:
                    daemon.eventually(lambda each=each: not each.is_ready(), "not ready", NOT_READY_WITHIN)
                for each in pair.daemons:
                    if each not in cut_off:
                        self.works(each, WORKING_WITHIN)
            finally:
                mend_it()
            for each in pair.daemons:
                self.works(each, WORKING_WITHIN)
            load.await_drained(2)
        return pair.check(self, load.users)

    def test_postgres_crashes_and_is_started_again(self):
        with self.pair() as pair:
            self.out_and_back(pair, pair.daemons, lambda: self.server.stop(signal.SIGQUIT), self.server.start)

    def test_postgres_is_restarted_in_order(self):
        with self.pair() as pair:
            self.out_and_back(pair, pair.daemons, lambda: self.server.stop(signal.SIGINT), self.server.start)

    def test_postgres_stands_still(self):
        with self.pair() as pair:
            self.out_and_back(pair, pair.daemons, self.server.freeze, self.server.thaw)

    def test_the_network_of_one_daemon_swallows_everything(self):
        url = self.server.new_database()
        with TcpProxy(self.server.port) as proxy:
            by_proxy = url.replace(f":{self.server.port}/", f":{proxy.port}/")
            with Pair([by_proxy, url]) as pair:
                self.out_and_back(
                    pair, pair.daemons[:1], lambda: proxy.black_hole(True), lambda: proxy.black_hole(False)
                )

    def test_a_daemon_that_stood_still_past_its_lease_writes_nothing_and_is_counted(self):
        with self.pair() as pair:
            sleeper, rescuer = pair.daemons
            for number, failpoint in enumerate(["after_sample", "after_chunk", "before_commit"]):
                with self.subTest(failpoint):
                    sleeper.restart(f"{failpoint}=stop@{1 + number % 2}")
                    users = {}
                    with wire.Client(sleeper.address, timeout=5) as client:
                        while not sleeper.is_frozen():
                            self.assertLess(len(users), 50, "it never came by")
                            user = f"{failpoint}-{len(users)}"
                            users[user] = self.memories[1]
                            with contextlib.suppress(grpc.RpcError):
                                memory.ingest(client, user, self.memories[1].episodes)
                                self.memories[1].trigger(client, user)
                                self.frozen_or_done(sleeper, client, user)
                    with memory.AnyOf([rescuer]) as client:
                        # Nothing is left of what it held, and it still stands where it was about to go on.
                        for user, expected in users.items():
                            memory.ingest(client, user, expected.episodes)
                            expected.trigger(client, user)
                        daemon.eventually(
                            lambda: all(memory.is_drained(client, user) for user in users), "the other to do the work"
                        )
                        reports = {
                            user: [x.run_id for x in wire.pages(client.ListReports, "reports", user=user)] for user in users
                        }
                        sleeper.signal(signal.SIGCONT)
                        daemon.eventually(lambda: stopped_runs(sleeper) >= 1, "the run to be stopped and counted")
                        for user, expected in users.items():
                            expected.check(self, client, user)
                            after = [x.run_id for x in wire.pages(client.ListReports, "reports", user=user)]
                            self.assertEqual(after, reports[user])
                    self.works(sleeper, WORKING_WITHIN)

    @staticmethod
    def frozen_or_done(each, client, user):
        daemon.eventually(lambda: each.is_frozen() or memory.is_drained(client, user), "a stop, or the end of the work")

    def test_a_daemon_that_stands_still_at_any_moment_is_stood_in_for(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        rng = random.Random(seed)
        # What waits for the one that stands still goes on to the other.
        with self.pair(call_timeout=3) as pair:
            with Load(pair, self.memories) as load:
                for each in pair.daemons:
                    load.await_drained(1)
                    # The moment is what is random here; nothing is waited for.
                    threading.Event().wait(rng.uniform(0, 0.2))
                    each.signal(signal.SIGSTOP)
                    try:
                        # All that it may have held, and more.
                        load.await_drained(Load.UNFINISHED + 1)
                    finally:
                        each.signal(signal.SIGCONT)
            pair.check(self, load.users)

    def test_everything_works_through_pgbouncer_in_transaction_mode(self):
        url = postgres.shared_pooler().through(self.server.new_database())
        path = wire.ROOT / "server" / "demo" / "sample_memory.jsonl"
        with Pair([url, url]) as pair:
            with Load(pair, self.memories) as load:
                load.await_drained(3)
                pair.daemons[0].kill()
                pair.daemons[0].start()
                load.await_drained(3)
            pair.check(self, load.users)
            for command in (["import", str(path)], ["trigger", "--until-drained"], ["verify"], ["facts", "--history"]):
                self.command(pair.daemons[0], *command, "--user", "pooled")
            state = pair.client.GetUser(user="pooled")
            self.assertEqual((state.pending, state.episodes), (0, len(self.memories[0].episodes)))
            self.assertEqual(state.digest, self.memories[0].digest)
        # It was in transaction mode, and its few server connections were shared by all.
        pools = self.server.sql("SHOW POOLS", postgres.shared_pooler().url("pgbouncer"))
        self.assertEqual({row[-1] for row in pools if row[0] == url.rpartition("/")[2]}, {"transaction"}, pools)

    def command(self, each, *arguments):
        process = subprocess.run(
            [daemon.binary(), *arguments, "--address", each.address],
            capture_output=True,
            encoding="utf-8",
            timeout=daemon.PATIENCE_SECONDS,
            check=False,
        )
        self.assertEqual(process.returncode, 0, process.stderr)

    def test_a_daemon_whose_clock_is_wrong_changes_nothing_and_fires_nothing_twice(self):
        for skew in ("+1h", "-1h"):
            # The lease is far shorter than the error of the clock, and far longer than a busy machine holds up a renewal:
            # gRPC's own threads wait by the time of day, and spin where libfaketime has set it back for them alone.
            with self.subTest(skew), self.pair(lease=30) as pair:
                wrong, right = pair.daemons
                wrong.environment = {**FAKED, "FAKETIME": skew}
                wrong.restart()
                with Load(pair, self.memories) as load:
                    load.await_drained(4)
                tasks = pair.check(self, load.users)
                tries = {(task.attempt, task.last_error) for task in tasks}
                self.assertEqual(tries, {(1, "")}, "no lease was taken for over that was not")
                self.works(wrong, WORKING_WITHIN)
                for number, (first, second) in enumerate([(wrong, right), (right, wrong)]):
                    self.fires_once(f"quota-{number}", first, second)

    def test_a_clock_that_is_set_back_while_calls_wait_holds_none_of_them_up(self):
        url = self.server.new_database()
        with TcpProxy(self.server.port) as proxy, tempfile.TemporaryDirectory() as folder:
            clock = pathlib.Path(folder) / "clock"
            clock.write_text("+0")
            environment = {**FAKED, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
            by_proxy = url.replace(f":{self.server.port}/", f":{proxy.port}/")
            arguments = ["--store-connections", "4"]
            with daemon.Daemon(arguments=arguments, store_url=by_proxy, environment=environment) as each:
                proxy.black_hole(True)
                with concurrent.futures.ThreadPoolExecutor(8) as callers:
                    # More than there are connections: the others wait for one.
                    calls = [callers.submit(self.code_of_a_call, each, f"waits-{i}") for i in range(8)]
                    daemon.eventually(
                        lambda: each.metric('slowwave_store_connections{state="in_use"}') == 4, "all connections to wait"
                    )
                    clock.write_text("-1h")
                    self.assertEqual({call.result() for call in calls}, {grpc.StatusCode.UNAVAILABLE})
                daemon.eventually(lambda: not each.is_ready(), "not ready", NOT_READY_WITHIN)
                proxy.black_hole(False)
                self.works(each, WORKING_WITHIN)

    @staticmethod
    def code_of_a_call(each, user):
        with wire.Client(each.address) as client:
            try:
                client.GetUser(user=user)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    def fires_once(self, user, first, second):
        """A quota that cools down for half an hour, which has not passed for anybody."""
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=10)
        quota.cooldown.seconds = 1800
        schedule = c.TriggerCondition(kind=c.TRIGGER_KIND_SCHEDULED)
        schedule.interval.seconds = 86400
        episodes = conversation(seed=54, count=40)
        with wire.Client(first.address) as one, wire.Client(second.address) as other:
            one.RegisterUser(user=user, conditions=[quota, schedule])
            self.assertEqual(len(one.IngestEpisodes(user=user, episodes=episodes[:20]).fired), 1)
            daemon.eventually(lambda: memory.is_drained(one, user), "the quota's run")
            self.assertEqual(len(other.IngestEpisodes(user=user, episodes=episodes[20:]).fired), 0)
            self.assertFalse(other.CheckTriggers(user=user).fired)
            self.assertFalse(one.CheckTriggers(user=user).fired)
            # Both have looked for what is due since then.
            for each in (first, second):
                self.works(each, daemon.PATIENCE_SECONDS)
            fired = {x.kind: x.times_fired for x in other.GetUser(user=user).conditions}
            self.assertEqual(fired, {c.TRIGGER_KIND_QUOTA: 1, c.TRIGGER_KIND_SCHEDULED: 0})

    def test_sigterm_under_load_hands_work_back_without_using_an_attempt(self):
        # What was not handed back would wait for its lease to run out.
        with self.pair(lease=300, arguments=["--shutdown-seconds", str(SHUTDOWN)]) as pair:
            with Load(pair, self.memories) as load:
                for number in range(4):
                    load.await_drained(1)
                    each = pair.daemons[number % 2]
                    each.stop(patience=SHUTDOWN + 2)
                    each.start()
            tasks = pair.check(self, load.users)
        self.assertEqual({task.attempt for task in tasks}, {1})

    def test_a_thousand_racing_triggers_leave_one_waiting_and_one_running_task_a_user(self):
        # A few runs each, so that they are still at work while the triggers come.
        users = {f"raced-{number}": self.memories[1 + number % 2] for number in range(20)}
        url = self.server.new_database()
        per_user, threads = 50, 12
        counted = []
        done = threading.Event()

        def watch():
            """What there is at one moment: the largest count of a user's tasks in each kind of state."""
            while not done.is_set():
                rows = self.server.sql(
                    "SELECT user_id, count(*) FILTER (WHERE state IN (1, 3, 4)), count(*) FILTER (WHERE state = 2)"
                    " FROM slowwave.task WHERE state < 5 GROUP BY user_id",
                    url,
                )
                counted.extend((int(waiting), int(running)) for _, waiting, running in rows)

        with Pair([url] * 3) as pair:
            for user, expected in users.items():
                memory.ingest(pair.client, user, expected.episodes)
            turns = list(users) * per_user
            random.Random(7).shuffle(turns)
            with concurrent.futures.ThreadPoolExecutor(threads + 1) as pool:
                watched = pool.submit(watch)
                try:
                    clients = [wire.Client(each.address) for each in pair.daemons]
                    answers = list(
                        pool.map(
                            lambda turn: clients[turn[0] % 3].TriggerConsolidation(
                                user=turn[1], episode_limit=users[turn[1]].limit
                            ),
                            enumerate(turns),
                        )
                    )
                    pair.await_drained(users)
                finally:
                    done.set()
                watched.result()
                for each in clients:
                    each.__exit__()
            self.assertEqual(len(answers), 1000)
            self.assertGreater(sum(answer.joined for answer in answers), 0)
            seen = Counter(counted)
            self.assertLessEqual(max(waiting for waiting, _ in seen), 1, seen)
            self.assertLessEqual(max(running for _, running in seen), 1, seen)
            self.assertGreater(seen[(1, 1)], 0, seen)
            for user, expected in users.items():
                with self.subTest(user):
                    mine = {task.id for task in expected.check(self, pair.client, user)}
                    self.assertLessEqual({answer.task.id for answer in answers if answer.task.user == user}, mine)


if __name__ == "__main__":
    unittest.main()
