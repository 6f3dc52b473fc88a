"""Our documents' blocks of code, run as they are written."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

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
        return {**kept, "PATH": f"{self.folder}/bin:{servers}:{os.environ['PATH']}", **more}

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


def check_prints(test, script, output, mark="#> "):
    """That `output` has the lines that the script says it prints, in this order. Returns how many there are."""
    expected = [line.strip()[len(mark) :] for line in script.splitlines() if line.strip().startswith(mark)]
    lines = iter(output.splitlines())
    for line in expected:
        test.assertTrue(any(line in printed for printed in lines), f"'{line}' is not, or not then, in:\n{output}")
    return len(expected)
