"""What the kustomize overlays and the Helm chart amount to: lists of manifests."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/slowwave"
OVERLAYS = ROOT / "deploy/kustomize/overlays"
# What ./dev installed from package.json beside this file.
MODULES = pathlib.Path(os.environ.get("SLOWWAVE_DEPLOY_MODULES", ROOT / "build/deploy/node_modules"))


def _output(*command, environment=None):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


@functools.cache
def renderer():
    """The program of helm/main.go, compiled with Debian's packages and kept beside the npm packages."""
    program = MODULES.parent / "helm-render"
    source = ROOT / "tests/deploy/helm/main.go"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(program.parent / "go-cache")}
        _output("go", "build", "-o", program, source, environment=environment)
    return program


def helm(values=None, files=(), release="slowwave", notes=False):
    """The chart with these values files and, over them, `values`. With `notes` its notes, as text."""
    with tempfile.TemporaryDirectory(prefix="slowwave-values-") as folder:
        given = pathlib.Path(folder) / "values.yaml"
        given.write_text(yaml.safe_dump(values or {}), encoding="utf-8")
        environment = {"NOTES_ONLY": "1" if notes else ""}
        text = _output(renderer(), CHART, release, "slowwave", *files, given, environment=environment)
    return text if notes else documents(text)


@functools.cache
def _knows_only_bases():
    """The kustomize in kubectl before 1.21 (Debian 12's) has today's fields under the names of its time."""
    version = json.loads(_output("kubectl", "version", "--client", "--output=json"))["clientVersion"]
    return int(re.match(r"\d+", version["minor"]).group()) < 21


def _in_the_words_of_then(folder):
    for path in folder.rglob("kustomization.yaml"):
        asked = yaml.safe_load(path.read_text(encoding="utf-8"))
        resources = asked.pop("resources", [])
        asked["bases"] = [each for each in resources if (path.parent / each).is_dir()]
        asked["resources"] = [each for each in resources if each not in asked["bases"]]
        asked["patchesStrategicMerge"] = [patch["path"] for patch in asked.pop("patches", [])]
        path.write_text(yaml.safe_dump(asked), encoding="utf-8")


def kustomize(folder):
    """Of a folder under deploy/."""
    if not _knows_only_bases():
        return documents(_output("kubectl", "kustomize", folder))
    with tempfile.TemporaryDirectory(prefix="slowwave-kustomize-") as copy:
        deploy = pathlib.Path(copy) / "deploy"
        shutil.copytree(ROOT / "deploy", deploy)
        _in_the_words_of_then(deploy)
        return documents(_output("kubectl", "kustomize", deploy / pathlib.Path(folder).relative_to(ROOT / "deploy")))


def find(manifests, kind, name="slowwave"):
    """The one of that name; kustomize adds a hash to the names of what it generates."""
    pattern = re.compile(rf"{name}(-[0-9a-z]{{10}})?")
    found = [each for each in manifests if each["kind"] == kind and pattern.fullmatch(each["metadata"]["name"])]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} of {kind} {name}")
    return found[0]
