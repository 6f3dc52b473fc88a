"""npm's @copilotkit/aimock, an OpenAI mock that others wrote, as a process of its own on a free port of loopback."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.request

from support.daemon import PATIENCE_SECONDS, eventually


def _program():
    path = pathlib.Path(os.environ["NODE_PATH"]) / "@copilotkit" / "aimock" / "dist" / "cli.cjs"
    if not path.is_file():
        raise AssertionError(f"{path} is missing; ./dev test installs it")
    return str(path)


class Aimock:
    """A context manager. `fixtures`: what it answers, the first that matches; what none does is answered with 503.
    `keys`: the API keys that it takes (none: any caller)."""

    def __init__(self, fixtures, keys=()):
        self._folder = tempfile.TemporaryDirectory(prefix="slowwave-aimock-")
        self._fixtures = pathlib.Path(self._folder.name) / "fixtures.json"
        self._fixtures.write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
        self._environment = {**os.environ, "AIMOCK_API_KEYS": ",".join(keys)} if keys else dict(os.environ)
        self._process = None
        self.address = None

    def __enter__(self):
        log = pathlib.Path(self._folder.name) / "log.txt"
        command = ["node", _program(), "-p", "0", "--strict", "--validate-on-load", "-f", str(self._fixtures)]
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self._environment
            )

        def listening():
            said = log.read_text(encoding="utf-8", errors="replace")
            if self._process.poll() is not None:
                raise AssertionError(f"aimock ended:\n{said}")
            return re.search(r"listening on (http://\S+)", said)

        self.address = eventually(listening, "aimock to listen").group(1)
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._folder.cleanup()

    @property
    def url(self):
        return f"{self.address}/v1"

    def _control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/__aimock/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def chaos(self, **rates):
        """From now on; none: all is well."""
        self._control("POST", "chaos", rates) if rates else self._control("DELETE", "chaos")

    def calls(self, word):
        """Of chat completions in whose memories `word` occurs, oldest first: [(request, status)]."""
        entries = self._control("GET", "journal?limit=1000")
        found = [
            (entry["body"], entry["response"]["status"])
            for entry in entries
            if entry["path"].endswith("/chat/completions") and word in json.dumps(entry["body"])
        ]
        return found
