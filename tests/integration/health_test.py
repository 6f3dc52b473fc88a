#!/usr/bin/env python3
"""Whether the daemon is ready, why not, and that gRPC's health service says the same of each service."""

import contextlib
import signal
import threading
import unittest
import urllib.error
import urllib.request

import grpc
from support import daemon, endpoint, memory, postgres, wire

# What is promised, in seconds.
NOT_READY_WITHIN = 5
WORKING_WITHIN = 10
SERVICES = ("", "slowwave.v1.ConsolidationService", "slowwave.v1.MemoryService")
Status = wire.health.HealthCheckResponse


class Health(unittest.TestCase):
    def start(self, arguments=(), store_url=None):
        each = daemon.Daemon(arguments=arguments, store_url=store_url)
        self.addCleanup(each.__exit__)
        each.start()
        return each

    @staticmethod
    def ready(each):
        """(HTTP status, {check: what it says})"""
        try:
            with urllib.request.urlopen(f"http://{each.http_address}/readyz", timeout=daemon.PATIENCE_SECONDS) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        return status, dict(line.split(": ", 1) for line in body.decode().splitlines())

    @staticmethod
    def health_of(channel, service):
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=wire.health.HealthCheckRequest.SerializeToString,
            response_deserializer=Status.FromString,
        )
        return check(wire.health.HealthCheckRequest(service=service), timeout=60).status

    def all_say(self, channel, status):
        return {self.health_of(channel, service) for service in SERVICES} == {status}

    def out_and_back(self, break_it, mend_it):
        server = postgres.shared()
        each = self.start(store_url=server.new_database())
        with wire.Client(each.address) as client:
            self.assertTrue(self.all_say(client.channel, Status.SERVING))
            self.assertEqual(
                self.ready(each), (200, {name: "ok" for name in ("serving", "draining", "store", "migrations")})
            )
            break_it(server)
            try:
                daemon.eventually(
                    lambda: self.all_say(client.channel, Status.NOT_SERVING), "health to tell", NOT_READY_WITHIN
                )
                status, checks = self.ready(each)
                self.assertEqual((status, checks["serving"], checks["draining"]), (503, "ok", "ok"))
                self.assertNotEqual(checks["store"], "ok")
                # The process itself is well.
                with urllib.request.urlopen(f"http://{each.http_address}/healthz", timeout=60) as answer:
                    self.assertEqual(answer.status, 200)
            finally:
                mend_it(server)
            daemon.eventually(lambda: self.all_say(client.channel, Status.SERVING), "health to tell", WORKING_WITHIN)
            self.assertEqual(self.ready(each)[0], 200)
            client.RegisterUser(user="ines")
            self.assertGreater(each.metric('slowwave_store_errors_total{code="unavailable"}'), 0)

    def test_postgres_is_stopped_and_started(self):
        self.out_and_back(lambda server: server.stop(signal.SIGINT), lambda server: server.start())

    def test_postgres_stands_still(self):
        self.out_and_back(lambda server: server.freeze(), lambda server: server.thaw())

    def test_a_database_that_is_behind_is_told_apart_from_one_that_is_gone(self):
        server = postgres.shared()
        url = server.new_database()
        each = self.start(store_url=url)
        (last,) = server.sql("SELECT max(version) FROM slowwave.schema_migration", url)
        server.sql(f"UPDATE slowwave.schema_migration SET version = -1 WHERE version = {last[0]}", url)
        daemon.eventually(lambda: self.ready(each)[0] == 503, "not ready", NOT_READY_WITHIN)
        checks = self.ready(each)[1]
        self.assertEqual(checks["store"], "ok")
        self.assertIn("slowwave migrate up", checks["migrations"])
        server.sql(f"UPDATE slowwave.schema_migration SET version = {last[0]} WHERE version = -1", url)
        daemon.eventually(lambda: self.ready(each)[0] == 200, "ready again", WORKING_WITHIN)

    def test_an_endpoint_that_is_out_is_told_and_makes_nothing_unready(self):
        with endpoint.Endpoint() as served:
            served.answer = lambda memories, call: (401, "no such key")
            each = self.start(arguments=["--llm-base-url", served.url, "--llm-model", "test"])
            self.assertEqual(self.ready(each)[1]["llm"], "ok")
            with wire.Client(each.address) as client:
                memory.ingest(client, "ines", [wire.memory.Episode(id="e", text="I live in Ghent", speaker="Ines")])
                client.TriggerConsolidation(user="ines")
                daemon.eventually(lambda: self.ready(each)[1]["llm"] != "ok", "the endpoint to be out")
                self.assertEqual(self.ready(each)[0], 200)
                self.assertTrue(self.all_say(client.channel, Status.SERVING))

    def test_a_daemon_that_drains_says_so_to_who_watches(self):
        for service in SERVICES:
            with self.subTest(service):
                each = self.start(arguments=["--shutdown-seconds", "5"])
                channel = self.enterContext(grpc.insecure_channel(each.address))
                watch = channel.unary_stream(
                    "/grpc.health.v1.Health/Watch",
                    request_serializer=wire.health.HealthCheckRequest.SerializeToString,
                    response_deserializer=Status.FromString,
                )
                seen, first = [], threading.Event()

                def follow(stream):
                    with contextlib.suppress(grpc.RpcError):
                        for answer in stream:
                            seen.append(answer.status)
                            first.set()

                follower = threading.Thread(
                    target=follow, args=(watch(wire.health.HealthCheckRequest(service=service), timeout=60),)
                )
                follower.start()
                self.assertTrue(first.wait(60))
                each.stop()
                follower.join()
                self.assertEqual(seen, [Status.SERVING, Status.NOT_SERVING])


if __name__ == "__main__":
    unittest.main()
