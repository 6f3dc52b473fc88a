#!/usr/bin/env python3
"""Slow, silent and hostile clients: each is bounded, and somebody else is served meanwhile."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import grpc
from support import daemon, http2, wire

# What a flood may add, in KiB; each flood below would need far more if it were kept.
ROOM = 100 * 1024


def memory_of(served):
    for line in pathlib.Path(f"/proc/{served.pid()}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


class BoundsCase(unittest.TestCase):
    def start(self, *arguments):
        served = daemon.Daemon(arguments=arguments)
        self.addCleanup(served.__exit__)
        served.start()
        return served

    def client(self, served):
        return self.enterContext(wire.Client(served.address))

    def connect(self, served):
        return self.enterContext(contextlib.closing(http2.connect(served.address)))


class Connections(BoundsCase):
    def test_who_does_not_speak_is_sent_away_and_others_are_served(self):
        served = self.start("--rpc-handshake-seconds", "5")
        silent = [self.connect(served) for _ in range(50)]
        for number, connection in enumerate(silent):
            connection.sendall((b"", http2.PREFACE[:10], http2.PREFACE, b"GET / HTTP/1.1\r\n")[number % 4])
        client = self.client(served)
        client.RegisterUser(user="ines")
        for connection in silent:
            self.assertTrue(http2.is_closed(connection))
        client.GetUser(user="ines")

    def test_drop_by_drop_is_too_slow(self):
        served = self.start("--rpc-handshake-seconds", "1")
        slow = self.connect(served)
        slow.settimeout(0.05)
        closed = False
        # A byte at a time, and never all of it.
        for position in range(10000):
            try:
                slow.sendall(http2.PREFACE[position : position + 1] if position < len(http2.PREFACE) - 1 else b"")
                closed = slow.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True
            if closed:
                break
        self.assertTrue(closed)

    def test_there_are_only_so_many_and_whoever_is_in_stays_in(self):
        served = self.start("--rpc-max-connections", "20")
        client = self.client(served)
        client.RegisterUser(user="ines")
        before = memory_of(served)
        held = []
        for _ in range(19):
            held.append(self.connect(served))
            http2.greet(held[-1])
            self.assertEqual(http2.receive(held[-1])[0], http2.SETTINGS)
        for _ in range(500):
            with contextlib.closing(http2.connect(served.address)) as extra:
                self.assertTrue(http2.is_closed(extra))
        self.assertLess(memory_of(served), before + ROOM)
        client.GetUser(user="ines")
        # Room that is given back is there for others.
        for connection in held:
            connection.close()

        def somebody_else_is_served():
            method = wire.METHODS["MemoryService", "GetUser"]
            with grpc.insecure_channel(served.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                try:
                    return method.invoker(channel)(method.request(user="ines"), timeout=60)
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
                    return None

        daemon.eventually(somebody_else_is_served, "room for another connection")

    def test_an_old_connection_is_asked_to_go(self):
        served = self.start("--rpc-max-connection-age-seconds", "1")
        connection = self.connect(served)
        http2.greet(connection)
        kinds = []
        while not kinds or kinds[-1] != http2.GOAWAY:
            received = http2.receive(connection)
            self.assertIsNotNone(received, kinds)
            kinds.append(received[0])

    def test_it_listens_on_all_addresses_of_a_name_and_only_once(self):
        served = self.start("--listen", "localhost:0")
        port = served.address.rsplit(":", 1)[1]
        for _, _, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
            try:
                connection = self.enterContext(contextlib.closing(socket.create_connection(address[:2], timeout=60)))
            except OSError:
                if ":" in address[0]:
                    continue  # a machine without IPv6
                raise
            http2.greet(connection)
            self.assertEqual(http2.receive(connection)[0], http2.SETTINGS)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        with tempfile.TemporaryDirectory(prefix="slowwave-bounds-") as folder:
            command = [daemon.binary(), "serve", "--data-dir", folder, "--http-listen", "", "--listen", f"localhost:{port}"]
            second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                                    timeout=daemon.PATIENCE_SECONDS)  # fmt: skip
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"cannot listen on localhost:{port}", second.stderr)


class Floods(BoundsCase):
    def setUp(self):
        self.served = self.start()
        self.friend = self.client(self.served)
        self.friend.RegisterUser(user="ines")
        self.before = memory_of(self.served)

    def check(self):
        """Nobody else noticed, and it is not remembered."""
        self.friend.GetUser(user="ines")
        self.assertLess(memory_of(self.served), self.before + ROOM)

    def flood(self, connection, chunks):
        """Sends what the server takes. Its answers are read meanwhile, so that it is never waiting for us."""

        def drain():
            with contextlib.suppress(OSError):
                while connection.recv(1 << 16):
                    pass

        reader = threading.Thread(target=drain)
        reader.start()
        with contextlib.suppress(ConnectionError, TimeoutError):
            for chunk in chunks:
                connection.sendall(chunk)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        reader.join()

    def handled(self):
        """How many calls are over."""
        with urllib.request.urlopen(f"http://{self.served.http_address}/metrics", timeout=60) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("grpc_server_handled_total{"))

    def test_calls_that_are_taken_back_at_once(self):
        block = http2.call("/slowwave.v1.MemoryService/GetUser")
        for _ in range(4):
            connection = self.connect(self.served)
            http2.greet(connection)
            taken_back = (
                http2.frame(http2.HEADERS, http2.END_HEADERS, stream, block)
                + http2.frame(http2.RST_STREAM, 0, stream, http2.CANCEL.to_bytes(4, "big"))
                for stream in range(1, 20001, 2)
            )
            self.flood(connection, taken_back)
        daemon.eventually(lambda: self.handled() >= 40_000, "all calls to be dealt with")
        daemon.eventually(lambda: memory_of(self.served) < self.before + ROOM, "the memory to be given back")
        self.check()

    def test_pings_and_settings(self):
        for kind, payload in ((http2.PING, bytes(8)), (http2.SETTINGS, b"\x00\x03\x00\x00\x00\x64")):
            connection = self.connect(self.served)
            http2.greet(connection)
            self.flood(connection, [http2.frame(kind, 0, 0, payload) * 1000] * 200)
        self.check()

    def test_metadata_that_is_too_large_is_refused(self):
        method = wire.METHODS["MemoryService", "GetUser"]
        for size in (60_000, 1_000_000):
            with self.subTest(size), grpc.insecure_channel(self.served.address) as channel:
                with self.assertRaises(grpc.RpcError) as refused:
                    method.invoker(channel)(method.request(user="ines"), metadata=[("x-large", "a" * size)], timeout=60)
                self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.check()

    def test_messages_that_are_too_large_are_refused(self):
        method = wire.METHODS["MemoryService", "GetUser"]
        with grpc.insecure_channel(self.served.address, options=[("grpc.max_send_message_length", -1)]) as channel:
            for _ in range(20):
                with self.assertRaises(grpc.RpcError) as refused:
                    method.invoker(channel, serialise=lambda request: request)(bytes(20 << 20), timeout=60)
                self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.check()

    def test_slow_clients_of_metrics_and_probes(self):
        host, port = self.served.http_address.rsplit(":", 1)
        slow = []
        for number in range(200):
            slow.append(self.enterContext(contextlib.closing(socket.create_connection((host, int(port)), timeout=60))))
            slow[-1].sendall((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nX-Slow: ")[number % 3])

        def answers():
            try:
                with urllib.request.urlopen(f"http://{self.served.http_address}/healthz", timeout=60) as answer:
                    return answer.read() == b"ok\n"
            except OSError:
                return False

        daemon.eventually(answers, "an answer among slow clients")
        self.check()


class Streams(BoundsCase):
    METHOD = wire.METHODS["MemoryService", "IngestEpisodeStream"]

    def open_stream(self, served, then=None):
        """A client that sends one episode and then waits until `then` is set."""
        release = then or threading.Event()
        self.addCleanup(release.set)
        channel = self.enterContext(grpc.insecure_channel(served.address))

        def messages():
            yield self.METHOD.request(user="ines", episodes=[wire.memory.Episode(id="e", text="I live in Ghent.")])
            release.wait(daemon.PATIENCE_SECONDS)

        return self.METHOD.invoker(channel).future(messages())

    def test_a_client_that_sends_no_more_is_told_and_what_it_sent_is_kept(self):
        served = self.start("--rpc-stream-idle-seconds", "5")
        error = self.open_stream(served).exception(daemon.PATIENCE_SECONDS)
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertIn("nothing came for 5s", error.details())
        self.assertEqual(self.client(served).GetEpisode(user="ines", episode_id="e").episode.text, "I live in Ghent.")

    def test_a_silent_stream_does_not_hold_up_the_end(self):
        served = self.start("--rpc-stream-idle-seconds", "3600", "--shutdown-seconds", "3600")
        stream = self.open_stream(served)
        client = self.client(served)

        def has_come():
            try:
                return client.GetEpisode(user="ines", episode_id="e")
            except grpc.RpcError:
                return None

        daemon.eventually(has_come, "the first episode")
        served.stop()
        self.assertEqual(stream.exception(daemon.PATIENCE_SECONDS).code(), grpc.StatusCode.UNAVAILABLE)

    def test_no_stream_goes_on_for_ever(self):
        served = self.start("--rpc-stream-seconds", "2")
        client = self.client(served)
        client.PutTenant(settings=wire.consolidation.TenantSettings(paused=True, weight=1))
        client.IngestEpisodes(user="ines", episodes=[wire.memory.Episode(text="I live in Ghent.")])
        task = client.TriggerConsolidation(user="ines").task
        with self.assertRaises(grpc.RpcError) as ended:
            client.WatchTask(task_id=task.id)
        self.assertEqual(ended.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertIn("a stream may take 2s", ended.exception.details())


class Rates(BoundsCase):
    def test_a_tenant_that_calls_too_often_is_told_when_to_come_again(self):
        served = self.start("--rpc-tenant-calls-per-second", "0.001", "--rpc-tenant-burst", "3")
        client = self.client(served)
        for _ in range(3):
            client.GetTenant(tenant="loud")
        for name in ("GetTenant", "ListTasks", "WatchTask", "ExportUser", "IngestEpisodes"):
            with self.subTest(name), self.assertRaises(grpc.RpcError) as refused:
                fields = {"GetTenant": {}, "ListTasks": {}, "WatchTask": {"task_id": "t"}}.get(name, {"user": "ines"})
                getattr(client, name)(tenant="loud", **fields)
            self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED, name)
            self.assertIn("try again in", refused.exception.details())
        with self.assertRaises(grpc.RpcError) as refused:
            client.GetTenant(tenant="loud")
        trailing = dict(refused.exception.trailing_metadata())
        self.assertGreater(int(trailing["grpc-retry-pushback-ms"]), 100_000)
        for _ in range(3):
            client.GetTenant(tenant="quiet")


if __name__ == "__main__":
    unittest.main()
