"""What tests of the daemon with an endpoint of the test's own have in common."""

import unittest

from support import daemon, endpoint, memory, wire


class EndpointCase(unittest.TestCase):
    """`arguments_for(url)` says how the daemon is told of the endpoint, `episodes()` what `USER` says."""

    USER = ""

    def arguments_for(self, url):
        raise NotImplementedError

    def episodes(self):
        raise NotImplementedError

    def setUp(self):
        self.endpoint = self.enterContext(endpoint.Endpoint())
        self.daemon = daemon.Daemon(arguments=self.arguments_for(self.endpoint.url))
        self.addCleanup(self.daemon.__exit__)

    def start(self):
        self.daemon.start()
        client = wire.Client(self.daemon.address)
        self.addCleanup(client.__exit__)
        return client

    def sleep(self, client, sent=None):
        memory.ingest(client, self.USER, sent or self.episodes())
        return client.TriggerConsolidation(user=self.USER, request_id="first").task

    def assert_waits_without_an_attempt(self, client, task, calls, breaker, secret):
        """Of a task whose endpoint refuses the key. `calls()`: how often it was asked; `secret`: a memory's word."""
        daemon.eventually(lambda: calls() > 0, "a call")
        # It is tried again now and then, which uses an attempt only if the endpoint answers.
        daemon.eventually(
            lambda: (state := client.GetTask(task_id=task.id)).state == wire.consolidation.TASK_STATE_WAITING
            and state.attempt == 0,
            "the task to wait, with no attempt used",
        )
        self.assertEqual(client.GetUser(user=self.USER).pending, len(self.episodes()))
        self.assertTrue(self.daemon.is_ready())
        self.assertEqual(self.daemon.metric(breaker), 1)
        self.assertNotIn(secret, self.daemon.log())
