#!/usr/bin/env python3
"""The kustomize overlays and the Helm chart: alike, of the right shape, and restrictive."""

import copy
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml
from rendered import CHART, MODULES, OVERLAYS, ROOT, find, helm, kustomize

HERE = pathlib.Path(__file__).resolve().parent
EMBEDDED = CHART / "values-embedded.yaml"
# What the overlay for clusters with the Prometheus operator and KEDA is, as values.
OPERATORS = {
    "monitoring": {part: {"enabled": True} for part in ("podMonitor", "rules", "dashboard")},
    "autoscaling": {"kind": "keda"},
}
SOME_LLM = {"llm": {"base_url": "https://llm.example/v1", "model": "m"}}
# Everything that the chart can be asked for, for its shape.
VARIANTS = {
    "defaults": {},
    "operators": OPERATORS,
    "hpa": {"autoscaling": {"kind": "hpa"}},
    "llm": {"config": {**SOME_LLM, "embedding": {"base_url": "https://llm.example/v1", "model": "e"}}},
    "all the rest": {
        "image": {"pullSecrets": [{"name": "registry"}], "tag": "abc"},
        "tls": {"clientCa": True},
        "migration": {"grant": {"enabled": False}},
        "secrets": {"slowwave-store": {"url": "postgres://a", "owner-url": "postgres://b"}},
        "podAnnotations": {"a": "b"},
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "memory", "operator": "Exists"}],
        "priorityClassName": "high",
        "preStopSleepSeconds": 0,
    },
}


def bare(manifest):
    """Without what only Helm adds (its labels, hooks, the hash of the configuration), only kustomize (the hash in a
    generated name), or what both may leave out."""
    text = json.dumps(manifest)
    manifest = json.loads(re.sub(r'"(slowwave-(?:config|roles|dashboard))-[0-9a-z]{10}"', r'"\1"', text))
    for labels in (manifest["metadata"].get("labels", {}), manifest["metadata"].get("annotations", {})):
        for name in list(labels):
            if name.startswith("helm.sh/") or name in ("app.kubernetes.io/managed-by", "app.kubernetes.io/version"):
                del labels[name]
    if manifest["kind"] == "ConfigMap":  # kustomize gives its generated ones no names
        for name in ("app.kubernetes.io/name", "app.kubernetes.io/instance"):
            manifest["metadata"].get("labels", {}).pop(name, None)
        manifest["data"] = {
            name: text.strip() if name.endswith(".sql") else yaml.safe_load(text)
            for name, text in manifest["data"].items()
        }
    if manifest["kind"] == "Deployment":
        pod = manifest["spec"]["template"]
        pod["metadata"].get("annotations", {}).pop("checksum/config", None)
        # kustomize mounts the key if there is one, the chart if an endpoint is set.
        for each in (pod["spec"]["volumes"], pod["spec"]["containers"][0]["volumeMounts"]):
            each[:] = [entry for entry in each if entry["name"] != "llm"]
    for each in (manifest["metadata"], manifest.get("spec", {}).get("template", {}).get("metadata", {})):
        for name in ("annotations", "labels"):
            if not each.get(name, True):
                del each[name]
    return manifest


def by_name(manifests):
    named = {(each["kind"], bare(each)["metadata"]["name"]): bare(each) for each in manifests}
    assert len(named) == len(manifests), "two of one name"
    return named


def pods(manifests):
    """The pod templates, by kind."""
    return {each["kind"]: each["spec"]["template"] for each in manifests if each["kind"] in ("Deployment", "Job")}


class Alike(unittest.TestCase):
    maxDiff = None

    def assert_alike(self, manifests, others):
        one, other = by_name(manifests), by_name(others)
        self.assertEqual(set(one), set(other))
        for name, manifest in one.items():
            with self.subTest(name):
                self.assertEqual(manifest, other[name])

    def test_the_charts_defaults_are_the_production_overlay(self):
        self.assert_alike(helm(), kustomize(OVERLAYS / "production"))

    def test_its_embedded_values_are_the_dev_overlay(self):
        self.assert_alike(helm(files=[EMBEDDED]), kustomize(OVERLAYS / "dev"))

    def test_with_operators_it_is_their_overlay(self):
        self.assert_alike(helm(OPERATORS), kustomize(OVERLAYS / "production-operators"))

    def test_its_autoscaler_is_that_of_kustomize(self):
        mine = find(helm(VARIANTS["hpa"]), "HorizontalPodAutoscaler")
        (other,) = kustomize(ROOT / "deploy/kustomize/hpa")
        other["metadata"]["namespace"] = "slowwave"  # an overlay's to say
        self.assertEqual(bare(mine), bare(other))

    def test_a_difference_would_be_seen(self):
        manifests = helm()
        changed = copy.deepcopy(manifests)
        find(changed, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] += 1
        self.assertNotEqual(by_name(manifests), by_name(changed))


class Shape(unittest.TestCase):
    def check(self, manifests):
        with tempfile.TemporaryDirectory(prefix="slowwave-shape-") as folder:
            asked = pathlib.Path(folder) / "manifests.json"
            asked.write_text(json.dumps(manifests), encoding="utf-8")
            return subprocess.run(
                ["node", HERE / "shape.js", MODULES, asked], capture_output=True, text=True, check=False, timeout=600
            )

    def test_each_manifest_has_the_fields_of_its_kind_and_no_other(self):
        manifests = {}
        for name, values in VARIANTS.items():
            for each in helm(values):
                manifests[f"chart, {name}: {each['kind']}"] = each
        for each in helm(files=[EMBEDDED]):
            manifests[f"chart, embedded: {each['kind']}"] = each
        for overlay in ("dev", "production", "production-operators"):
            for each in kustomize(OVERLAYS / overlay):
                manifests[f"{overlay}: {each['kind']}"] = each
        # And that this would find a slip: of a name, of a type, of a value.
        slips = []
        for path, value in (
            (("spec", "template", "spec", "terminationGraceSeconds"), 3),
            (("spec", "replicas"), "3"),
            (("spec", "template", "spec", "containers", 0, "imagePullPolicy"), "Sometimes"),
        ):
            slip = copy.deepcopy(find(helm(), "Deployment"))
            place = slip
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            slips.append(f"slip {path[-1]}")
            manifests[slips[-1]] = slip
        done = self.check(manifests)
        self.assertEqual(done.stderr, "")
        problems = json.loads(done.stdout)
        for slip in slips:
            self.assertTrue(problems.pop(slip, None), f"{slip} was not found")
        self.assertEqual(problems, {})


class Restricted(unittest.TestCase):
    """What Kubernetes' pod security standard `restricted` asks for, and a little more."""

    def test_no_pod_may_do_what_it_need_not(self):
        renderings = [helm(), helm(files=[EMBEDDED]), *map(kustomize, OVERLAYS.iterdir())]
        for manifests in renderings:
            for kind, pod in pods(manifests).items():
                with self.subTest(kind):
                    spec = pod["spec"]
                    self.assertIs(spec["automountServiceAccountToken"], False)
                    self.assertIs(spec["enableServiceLinks"], False)
                    self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                    self.assertGreater(spec["securityContext"]["runAsUser"], 0)
                    self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                    for unwanted in ("hostNetwork", "hostPID", "hostIPC"):
                        self.assertNotIn(unwanted, spec)
                    for container in spec["containers"] + spec.get("initContainers", []):
                        self.assertEqual(
                            container["securityContext"],
                            {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        )
                        self.assertIn("memory", container["resources"]["limits"])
                        self.assertLessEqual({"cpu", "memory"}, set(container["resources"]["requests"]))
                    for volume in spec["volumes"]:
                        self.assertNotIn("hostPath", volume)

    def test_selectors_find_the_daemons_pods_and_never_the_migrations(self):
        for manifests in (helm(), helm(release="other"), kustomize(OVERLAYS / "production-operators"), helm(OPERATORS)):
            labels = {kind: pod["metadata"]["labels"] for kind, pod in pods(manifests).items()}
            selectors = []
            for each in manifests:
                spec = each.get("spec", {})
                if each["kind"] == "Service":
                    selectors.append(spec["selector"])
                elif each["kind"] in ("Deployment", "PodDisruptionBudget", "PodMonitor"):
                    selectors.append(spec["selector"]["matchLabels"])
                elif each["kind"] == "NetworkPolicy":
                    selectors.append(spec["podSelector"]["matchLabels"])
            self.assertGreaterEqual(len(selectors), 5)
            for selector in selectors:
                self.assertLessEqual(selector.items(), labels["Deployment"].items())
                self.assertFalse(selector.items() <= labels["Job"].items())

    def test_a_pod_gets_the_time_that_its_daemon_takes_to_stop(self):
        for manifests in (helm(), helm({"config": {"shutdown": {"seconds": 300}}}), helm({"config": {"shutdown": None, "shutdown.seconds": 90}}), kustomize(OVERLAYS / "production")):  # fmt: skip
            spec = pods(manifests)["Deployment"]["spec"]
            config = yaml.safe_load(find(manifests, "ConfigMap", "slowwave-config")["data"]["slowwave.yaml"])
            seconds = config["shutdown.seconds"] if "shutdown.seconds" in config else config["shutdown"]["seconds"]
            sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            self.assertGreater(spec["terminationGracePeriodSeconds"], seconds + sleep)


class Values(unittest.TestCase):
    def schema_says(self, values):
        """What values.schema.json, by a validator of such, has against the chart's values with these over them."""
        script = """
          const fs = require("fs"), Ajv = require("ajv");
          const [schema, values] = process.argv.slice(1, 3).map((path) => JSON.parse(fs.readFileSync(path)));
          const check = new Ajv({ allErrors: true }).compile(schema);
          console.log(JSON.stringify(values.map((each) => (check(each) ? [] : check.errors.map((e) => e.instancePath + " " + e.message)))));
        """
        with tempfile.TemporaryDirectory(prefix="slowwave-schema-") as folder:
            asked = pathlib.Path(folder) / "values.json"
            asked.write_text(json.dumps(values), encoding="utf-8")
            done = subprocess.run(
                ["node", "-e", script, CHART / "values.schema.json", asked],
                capture_output=True, text=True, check=True, timeout=300, env={**os.environ, "NODE_PATH": str(MODULES)},
            )  # fmt: skip
        return json.loads(done.stdout)

    @staticmethod
    def laid_over(under, over):
        both = dict(under)
        for name, value in over.items():
            both[name] = Values.laid_over(both[name], value) if isinstance(value, dict) and isinstance(both.get(name), dict) else value
        return both

    def test_the_schema_takes_what_the_chart_takes_and_refuses_slips(self):
        defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
        embedded = yaml.safe_load(EMBEDDED.read_text(encoding="utf-8"))
        good = [self.laid_over(defaults, each) for each in (*VARIANTS.values(), embedded)]
        bad = [
            self.laid_over(defaults, each)
            for each in (
                {"replica": 3},
                {"replicas": "three"},
                {"store": {"kind": "mysql"}},
                {"autoscaling": {"kind": "vpa"}},
                {"monitoring": {"podMonitor": {"enable": True}}},
                {"secrets": {"a": {"b": 1}}},
                {"config": {"listen": ["a"]}},
            )
        ]
        said = self.schema_says(good + bad)
        self.assertEqual(said[: len(good)], [[]] * len(good))
        for values, each in zip(bad, said[len(good) :]):
            self.assertNotEqual(each, [], values)

    def test_what_cannot_work_is_refused_with_what_to_do(self):
        for values, words in (
            ({"store": {"kind": "embedded"}}, "replicas: 1"),
            ({"store": {"kind": "embedded"}, "replicas": 1, "autoscaling": {"kind": "keda"}}, "autoscaling.kind: none"),
            ({"tls": {"secret": ""}}, "allow_insecure_listen"),
            ({"auth": {"secret": ""}}, "allow_insecure_listen"),
            ({"config": {"store": {"url": "postgres://secret@db"}}}, "store.secret"),
        ):
            with self.subTest(values), self.assertRaisesRegex(RuntimeError, re.escape(words)):
                helm(values)

    def test_a_changed_configuration_changes_the_pods(self):
        def checksum(values):
            return pods(helm(values))["Deployment"]["metadata"]["annotations"]["checksum/config"]

        self.assertNotEqual(checksum({}), checksum({"config": {"workers": 3}}))

    def test_no_secret_is_in_a_config_map_and_each_key_file_is_mounted(self):
        manifests = helm(VARIANTS["llm"])
        config = yaml.safe_load(find(manifests, "ConfigMap", "slowwave-config")["data"]["slowwave.yaml"])
        mounts = pods(manifests)["Deployment"]["spec"]["containers"][0]["volumeMounts"]
        files = [config["tls"]["cert_file"], config["tls"]["key_file"], config["auth"]["tokens_file"],
                 config["llm"]["api_key_file"], config["embedding"]["api_key_file"]]  # fmt: skip
        for file in files:
            self.assertTrue(any(file.startswith(mount["mountPath"] + "/") for mount in mounts), file)
        self.assertNotIn("url", config["store"])

    def test_the_notes_name_what_was_installed(self):
        self.assertIn("other-slowwave-headless.slowwave.svc:50051", helm(release="other", notes=True))


if __name__ == "__main__":
    unittest.main()
