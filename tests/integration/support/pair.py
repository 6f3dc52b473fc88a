"""Several daemons on one database, and work for them."""

import contextlib
import itertools
import os
import threading

from support import daemon, memory

# Few connections and threads each: there are many daemons. Tries without end: here work is interrupted, not given up.
ARGUMENTS = ["--store-connections", "4", "--rpc-threads", "4", "--workers", "2", "--tasks-max-attempts", "100"]


class Pair:
    """A context manager: a daemon for each of `store_urls`, all of which lead to the same database.

    `lease` and `call_timeout` in seconds; the lease is short, so that what a dead daemon held is soon another's.
    """

    _numbers = itertools.count()

    def __init__(self, store_urls, lease=3, call_timeout=20, arguments=()):
        arguments = [*ARGUMENTS, "--lease-seconds", str(lease), *arguments]
        self.daemons = [daemon.Daemon(arguments=arguments, store_url=url) for url in store_urls]
        for each in self.daemons:
            # While one is away nobody else's gets its address, which the clients still call.
            number = next(Pair._numbers)
            each.listen = f"127.{os.getpid() % 250 + 2}.{number // 250}.{number % 250 + 2}:0"
        self.client = memory.AnyOf(self.daemons, call_timeout)
        self._open = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as opening:
            for each in self.daemons:
                opening.enter_context(each)
            opening.enter_context(self.client)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *exception):
        self._open.__exit__(*exception)

    def await_drained(self, users):
        """That none of them has anything to do or to read."""
        left = list(users)

        def all_are():
            while left and memory.is_drained(self.client, left[-1]):
                left.pop()
            return not left

        daemon.eventually(all_are, f"{left} to be drained")

    def check(self, test, users):
        """`users`: {name: memory}. Returns all their tasks."""
        tasks = []
        for user, expected in users.items():
            with test.subTest(user=user):
                tasks += expected.check(test, self.client, user)
        return tasks


class Load:
    """Keeps a pair at work: a context manager that brings in user after user while some are not yet drained.

    Its calls go to any daemon of the pair, and again to another while one does not answer. At the end all of its
    users (`users`: {name: memory}) are drained; an error of any call is raised there.
    """

    UNFINISHED = 4

    def __init__(self, pair, memories, prefix="load"):
        self._pair, self._memories, self._prefix = pair, memories, prefix
        self.users = {}
        self._drained = 0
        self._enough = threading.Event()
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *exception):
        self._enough.set()
        self._thread.join()
        if kind is None:
            if self._error:
                raise self._error
            self._pair.await_drained(self.users)

    def _run(self):
        try:
            self._feed()
        except Exception as error:  # pylint: disable=broad-except
            self._error = error

    def _feed(self):
        unfinished = []
        for number in itertools.count():
            expected = self._memories[number % len(self._memories)]
            user = f"{self._prefix}-{number}"
            memory.ingest(self._pair.client, user, expected.episodes)
            self.users[user] = expected
            expected.trigger(self._pair.client, user)
            unfinished.append(user)

            def has_room():
                unfinished[:] = [each for each in unfinished if not memory.is_drained(self._pair.client, each)]
                self._drained = len(self.users) - len(unfinished)
                return len(unfinished) < self.UNFINISHED or self._enough.is_set()

            daemon.eventually(has_room, "users to be drained")
            if self._enough.is_set():
                return

    def await_drained(self, more):
        """That so many more users are drained than are now."""
        target = self._drained + more
        daemon.eventually(lambda: self._drained >= target or self._error, "the load to move on")
        if self._error:
            raise self._error
