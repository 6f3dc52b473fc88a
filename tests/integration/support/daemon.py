"""The real binary, serving an embedded store in a folder of its own."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

# Generous: a sanitizer build on a busy machine is slow. Nobody waits this long unless something is wrong.
PATIENCE_SECONDS = 120


def binary():
    return os.environ["SLOWWAVE_BINARY"]


def eventually(condition, what, patience=PATIENCE_SECONDS):
    """Polls until `condition` gives something true and returns that; fails, naming `what`, if it never does."""
    deadline = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(0.01)


class Daemon:
    """`slowwave serve` with everything that it needs in `folder`. Use as a context manager, or start and stop it."""

    def __init__(self, folder=None, arguments=()):
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="slowwave-test-")
        self.folder = pathlib.Path(folder or self._temporary.name)
        self._arguments = list(arguments)
        self._process = None
        self._starts = 0
        self.address = None
        self.http_address = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    def start(self):
        self._starts += 1
        ready = self.folder / f"ready-{self._starts}.json"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        environment["SLOWWAVE_DATA_DIR"] = str(self.folder / "data")
        environment["SLOWWAVE_LISTEN"] = "127.0.0.1:0"
        environment["SLOWWAVE_HTTP_LISTEN"] = "127.0.0.1:0"
        with open(self.folder / "log.txt", "ab") as log:
            self._process = subprocess.Popen(
                [binary(), "serve", "--ready-file", str(ready), *self._arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        def is_ready():
            if self._process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{self.log()}")
            return ready.exists()

        eventually(is_ready, "the daemon to serve")
        addresses = json.loads(ready.read_text(encoding="utf-8"))
        self.address = addresses["listen"]
        self.http_address = addresses["http_listen"]

    def log(self):
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def is_alive(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """SIGKILL: nothing gets a chance to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self):
        """SIGTERM; the daemon has to end by itself, and well."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the daemon did not end on SIGTERM:\n{self.log()}") from None
        finally:
            code, self._process = self._process.returncode, None
        if code != 0:
            raise AssertionError(f"the daemon ended with {code}:\n{self.log()}")
