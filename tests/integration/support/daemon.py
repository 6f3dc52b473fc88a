"""The real binary, serving a store of its own."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.request

# Generous: a sanitizer build on a busy machine is slow. Nobody waits this long unless something is wrong.
PATIENCE_SECONDS = 120


def binary():
    return os.environ["SLOWWAVE_BINARY"]


def eventually(condition, what, patience=PATIENCE_SECONDS):
    """Polls until `condition` gives something true and returns that; fails, naming `what`, if it never does."""
    deadline = time.monotonic() + patience
    while True:
        # A last look comes after the deadline: who stood still meanwhile did not look.
        late = time.monotonic() > deadline
        result = condition()
        if result:
            return result
        if late:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(0.01)


class Daemon:
    """`slowwave serve` with everything that it needs in `folder`. Use as a context manager, or start and stop it.

    `store_url`: what it stores in. None: what SLOWWAVE_TEST_STORE says: `embedded` (the default: a file in `folder`),
    `postgres` (a new database of a server of the test's own, with the rights and the row security of deploy/sql/) or
    `pgbouncer` (one behind a pooler). `arguments`, `environment`, `listen` and `failpoints` may be changed between two starts.
    """

    def __init__(self, folder=None, arguments=(), store_url=None, environment=None):
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="slowwave-test-")
        self.folder = pathlib.Path(folder or self._temporary.name)
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.failpoints = ""
        self.store_url = store_url or self._store_of_this_test_run()
        self.listen = "127.0.0.1:0"
        self._process = None
        self._starts = 0
        self.address = None
        self.http_address = None

    @staticmethod
    def _store_of_this_test_run():
        kind = os.environ.get("SLOWWAVE_TEST_STORE", "embedded")
        if kind == "embedded":
            return ""
        from support import postgres  # pylint: disable=import-outside-toplevel,cyclic-import

        url = postgres.shared().new_daemon_database()
        return postgres.shared_pooler().through(url) if kind == "pgbouncer" else url

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    def start(self, patience=PATIENCE_SECONDS):
        self._starts += 1
        ready = self.folder / f"ready-{self._starts}.json"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        environment["SLOWWAVE_DATA_DIR"] = str(self.folder / "data")
        environment["SLOWWAVE_STORE_URL"] = self.store_url
        environment["SLOWWAVE_FAILPOINTS"] = self.failpoints
        environment["SLOWWAVE_LISTEN"] = self.listen
        environment["SLOWWAVE_HTTP_LISTEN"] = "127.0.0.1:0"
        environment.update(self.environment)
        with open(self.folder / "log.txt", "ab") as log:
            self._process = subprocess.Popen(
                [binary(), "serve", "--ready-file", str(ready), *self.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        def is_serving():
            if self._process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{self.log()}")
            return ready.exists()

        eventually(is_serving, "the daemon to serve", patience)
        addresses = json.loads(ready.read_text(encoding="utf-8"))
        self.address = addresses["listen"]
        self.http_address = addresses["http_listen"]

    def restart(self, failpoints=""):
        self.stop()
        self.failpoints = failpoints
        self.start()

    def log(self):
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def pid(self):
        return self._process.pid

    def is_alive(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """SIGKILL: nothing gets a chance to tidy up. Fine if something else has killed it."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def signal(self, number):
        self._process.send_signal(number)

    def is_frozen(self):
        """SIGSTOP was sent to it, by whomever."""
        status = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[0] == "T"

    def is_ready(self):
        """What /readyz says; a daemon that does not answer at all is not ready either."""
        try:
            with urllib.request.urlopen(f"http://{self.http_address}/readyz", timeout=PATIENCE_SECONDS) as answer:
                return answer.status == 200
        except OSError:
            return False

    def metrics(self):
        """What /metrics says."""
        with urllib.request.urlopen(f"http://{self.http_address}/metrics", timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The value of /metrics' line that begins with `name`, labels included."""
        for line in self.metrics().splitlines():
            if line.rpartition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no metric {name}")

    def stop(self, patience=PATIENCE_SECONDS):
        """SIGTERM; the daemon has to end by itself, and well."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the daemon did not end on SIGTERM:\n{self.log()}") from None
        finally:
            code, self._process = self._process.returncode, None
        if code != 0:
            raise AssertionError(f"the daemon ended with {code}:\n{self.log()}")
