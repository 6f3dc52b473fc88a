#!/usr/bin/env python3
"""Two daemons on one Postgres are replaced one after the other while clients call: with the retries that a client's gRPC
makes by itself, no call fails, though runs wait for an endpoint that hangs."""

import collections
import json
import threading
import unittest

import grpc
from support import daemon, endpoint, postgres, wire

RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
POLICIES = ("pick_first", "round_robin")
ROUNDS = 2


class Caller(threading.Thread):
    """Calls one RPC after another until it is told to stop; counts what was answered and what failed."""

    def __init__(self, addresses, policy, user):
        super().__init__()
        self.answers = collections.Counter()
        self.failures = []
        self._user = user
        self._stop_asked = threading.Event()
        self._channel = grpc.insecure_channel(
            "ipv4:" + ",".join(addresses),
            options=[
                ("grpc.service_config", json.dumps({**RETRIES, "loadBalancingConfig": [{policy: {}}]})),
                ("grpc.enable_retries", 1),
                # Otherwise both policies share their connections.
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 500),
            ],
        )

    def requests(self, number):
        user = self._user
        episode = wire.memory.Episode(id=f"e{number}", text=f"I saw {number} birds today.")
        yield "IngestEpisodes", {"user": user, "episodes": [episode]}
        yield "GetUser", {"user": user}
        yield "CheckTriggers", {"user": user}
        yield "TriggerConsolidation", {"user": user, "request_id": f"{user}-{number}"}
        yield "ListFacts", {"user": user}

    def run(self):
        methods = {method.name: method for method in wire.METHODS.values()}
        number = 0
        while not self._stop_asked.is_set():
            number += 1
            for name, fields in self.requests(number):
                method = methods[name]
                try:
                    method.invoker(self._channel)(method.request(**fields), timeout=30)
                    self.answers[name] += 1
                except grpc.RpcError as error:
                    self.failures.append(f"{name}: {error.code()} {error.details()}")

    def stop(self):
        self._stop_asked.set()
        self.join()
        self._channel.close()


class RollingRestart(unittest.TestCase):
    def test_no_call_fails(self):
        url = postgres.shared().new_daemon_database()
        with endpoint.Endpoint() as llm:
            llm.answer = lambda memories, call: endpoint.Answer(hang=True)
            daemons = []
            for _ in range(2):
                address = f"127.0.0.1:{postgres.free_port()}"
                arguments = ["--listen", address, "--llm-base-url", llm.url, "--llm-model", "test"]
                each = daemon.Daemon(arguments=[*arguments, "--shutdown-seconds", "5"], store_url=url)
                self.addCleanup(each.__exit__)
                each.start()
                daemons.append(each)
            addresses = [each.address for each in daemons]
            callers = [Caller(addresses, policy, f"user-{policy}") for policy in POLICIES]
            for caller in callers:
                caller.start()
            try:
                daemon.eventually(lambda: llm.hanging > 0, "a run to wait for the endpoint")
                for each in daemons * ROUNDS:
                    before = sum(sum(caller.answers.values()) for caller in callers)
                    each.restart()
                    daemon.eventually(each.is_ready, "the daemon to be ready")
                    after = sum(sum(caller.answers.values()) for caller in callers)
                    self.assertGreater(after, before)
            finally:
                for caller in callers:
                    caller.stop()
        for caller in callers:
            self.assertEqual(caller.failures, [])
            self.assertEqual(len(caller.answers), 5)
        for each in daemons:
            self.assertNotIn("will be cancelled", each.log())


if __name__ == "__main__":
    unittest.main()
