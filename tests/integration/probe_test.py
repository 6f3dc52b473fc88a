#!/usr/bin/env python3
"""`slowwave probe`: the health check of images that have neither a shell nor curl."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from support import daemon, postgres


def probe(*arguments, **environment):
    """The finished process, without the settings of this test run."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
    return subprocess.run(
        [daemon.binary(), "probe", *arguments], capture_output=True, text=True, check=False,
        timeout=daemon.PATIENCE_SECONDS, env={**clean, **environment},
    )  # fmt: skip


class Probe(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-probe-")))

    def configuration(self, text):
        path = self.folder / "slowwave.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_a_ready_daemon_is_found_as_serve_is_told_where_to_listen(self):
        with daemon.Daemon() as served:
            port = served.http_address.rpartition(":")[2]
            everywhere = f"allow_insecure_listen: true\nhttp_listen: 0.0.0.0:{port}\n"
            for done in (
                probe("--http-listen", served.http_address),
                probe("--live", "--http-listen", served.http_address),
                probe(SLOWWAVE_HTTP_LISTEN=served.http_address),
                probe("--config", self.configuration(everywhere)),
                probe(SLOWWAVE_CONFIG=self.configuration(f"http_listen: 127.0.0.1:{port}\n")),
                probe("--http-listen", served.http_address, http_proxy="http://127.0.0.1:1"),
            ):
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.endswith("ok\n"), done.stdout)

    def test_one_whose_store_is_gone_lives_and_is_not_ready(self):
        with postgres.Postgres() as server:
            served = daemon.Daemon(store_url=server.new_database())
            with served:
                server.stop(signal.SIGQUIT)
                daemon.eventually(lambda: not served.is_ready(), "not ready")
                done = probe("--http-listen", served.http_address, "--seconds", "60")
                self.assertEqual(done.returncode, 1)
                self.assertIn("503", done.stderr)
                self.assertEqual(probe("--live", "--http-listen", served.http_address, "--seconds", "60").returncode, 0)

    def test_one_that_does_not_answer_in_time_is_not_ready(self):
        with daemon.Daemon() as served:
            served.signal(signal.SIGSTOP)
            daemon.eventually(served.is_frozen, "it to be frozen")
            done = probe("--http-listen", served.http_address, "--seconds", "1")
            served.signal(signal.SIGCONT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/readyz", done.stderr)

    def test_what_cannot_be_asked_is_an_error_that_says_why(self):
        for done, words in (
            (probe("--http-listen", f"127.0.0.1:{postgres.free_port()}"), "connect"),
            (probe("--http-listen", ""), "http_listen is empty"),
            (probe("--http-listen", "127.0.0.1:0"), "port 0"),
            (probe("--config", str(self.folder / "none.yaml")), "no such configuration file"),
            (probe("--http-listen", "here"), "host:port"),
        ):
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
