"""Our documents' blocks of code, run as they are written."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

from support import daemon, postgres, wire


def text_of(name):
    return (wire.ROOT / name).read_text(encoding="utf-8")


def section(text, title):
    """What stands under this heading, headings below it included."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    if not found:
        raise AssertionError(f"there is no heading '{title}'")
    return found.group(2)


def blocks(text, language=""):
    """The contents of the fenced blocks of this language, in their order."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [body for name, body in fences if name == language]


def addresses(served):
    """What a document calls 127.0.0.1:50051 and 127.0.0.1:9464, for Clone's `replace`."""
    return {"127.0.0.1:50051": served.address, "127.0.0.1:9464": served.http_address}


class Clone:
    """A folder in which a document's commands find what they name: as a clone of the repository that has been built.

    A context manager. `replace` is applied to every script: what a test cannot have as it is written, such as the
    port, by what it has. Paths under /tmp become some in this folder.
    """

    def __init__(self, replace=()):
        self._temporary = tempfile.TemporaryDirectory(prefix="slowwave-clone-")
        self.folder = pathlib.Path(self._temporary.name)
        self.replace = dict(replace)

    def __enter__(self):
        for entry in wire.ROOT.iterdir():
            if not entry.name.startswith((".", "build")):
                (self.folder / entry.name).symlink_to(entry)
        (self.folder / "build").mkdir()
        (self.folder / "build" / "slowwave").symlink_to(pathlib.Path(daemon.binary()).resolve())
        (self.folder / "bin").mkdir()
        grpcurl = self.folder / "bin" / "grpcurl"
        grpcurl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -B "{wire.SUPPORT}/grpcurl.py" "$@"\n', encoding="utf-8")
        grpcurl.chmod(0o755)
        (self.folder / "tmp").mkdir()
        for packages in os.environ.get("NODE_PATH", "").split(os.pathsep)[:1]:
            (self.folder / "node_modules").symlink_to(packages)
        return self

    def __exit__(self, *exception):
        self._temporary.cleanup()

    def as_here(self, script):
        for written, here in self.replace.items():
            script = script.replace(written, here)
        return script.replace("/tmp/", f"{self.folder}/tmp/")

    def environment(self, **more):
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("SLOWWAVE_", "PG"))}
        servers = pathlib.Path(postgres.program("psql")).parent
        path = f"{self.folder}/bin:{servers}:{os.environ['PATH']}"
        return {**kept, "PATH": path, "XDG_DATA_HOME": f"{self.folder}/data", **more}

    def run(self, script, command=("bash", "-euo", "pipefail"), name="script.sh", **environment):
        """The output of a script (bash, unless `command` is another interpreter); fails if it does."""
        path = self.folder / name
        path.write_text(self.as_here(script), encoding="utf-8")
        done = subprocess.run(
            [*command, str(path)], cwd=self.folder, env=self.environment(**environment), capture_output=True,
            stdin=subprocess.DEVNULL, encoding="utf-8", timeout=3 * daemon.PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(f"{script}\nended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def python(self, script, **environment):
        return self.run(script, (sys.executable, "-B"), "script.py", **environment)

    def node(self, script, **environment):
        return self.run(script, ("node",), "script.mjs", **environment)


class Served:
    """A document's command that starts a daemon, as written but for its ports; a context manager.

    `before`: a script that is to run first, such as one that writes its configuration. Has the addresses of the daemon.
    """

    def __init__(self, clone, script, before="", **environment):
        self._clone, self._script, self._before, self._environment = clone, script, before, environment
        self._process = None
        self.address = f"127.0.0.1:{postgres.free_port()}"
        self.http_address = f"127.0.0.1:{postgres.free_port()}"

    def __enter__(self):
        replaced = self._clone.replace
        written = self._before + self._script
        for of, here in ((r"(?:127\.0\.0\.1|0\.0\.0\.0):50\d\d\d", self.address), (r"127\.0\.0\.1:9\d\d\d", self.http_address)):
            for address in set(re.findall(of, written)):
                replaced = {**replaced, address: here}
        before, self._clone.replace = self._clone.replace, replaced
        try:
            if self._before:
                self._clone.run(self._before)
            path = self._clone.folder / "serve.sh"
            path.write_text(self._clone.as_here("exec " + self._script), encoding="utf-8")
        finally:
            self._clone.replace = before
        # A command that says nothing of ports gets them by the environment.
        ports = {"SLOWWAVE_LISTEN": self.address, "SLOWWAVE_HTTP_LISTEN": self.http_address}
        environment = self._clone.environment(**ports, **self._environment)
        with open(self._clone.folder / "serve.txt", "wb") as log:
            self._process = subprocess.Popen(
                ["bash", str(path)], cwd=self._clone.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        daemon.eventually(self._is_ready, "the daemon to serve")
        return self

    def _is_ready(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{self.log()}")
        try:
            with urllib.request.urlopen(f"http://{self.http_address}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def __exit__(self, *exception):
        self._process.terminate()
        code = self._process.wait(daemon.PATIENCE_SECONDS)
        if code != 0 and not any(exception):
            raise AssertionError(f"the daemon ended with {code}:\n{self.log()}")

    def log(self):
        return (self._clone.folder / "serve.txt").read_text(encoding="utf-8")


def check_prints(test, script, output, mark="#> "):
    """That `output` has the lines that the script says it prints, in this order. Returns how many there are."""
    expected = [line.strip()[len(mark) :] for line in script.splitlines() if line.strip().startswith(mark)]
    lines = iter(output.splitlines())
    for line in expected:
        test.assertTrue(any(line in printed for printed in lines), f"'{line}' is not, or not then, in:\n{output}")
    return len(expected)
