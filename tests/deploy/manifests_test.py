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
        "extraEnv": [
            {"name": "SLOWWAVE_LLM_PROXY", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "url"}}},
            {"name": "TZ", "value": "UTC"},
        ],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
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
                elif each["kind"] == "NetworkPolicy" and not each["metadata"]["name"].endswith("-migrate"):
                    selectors.append(spec["podSelector"]["matchLabels"])
            self.assertGreaterEqual(len(selectors), 5)
            for selector in selectors:
                self.assertLessEqual(selector.items(), labels["Deployment"].items())
                self.assertFalse(selector.items() <= labels["Job"].items())
            policies = [each for each in manifests if each["kind"] == "NetworkPolicy"]
            (policy,) = [each for each in policies if each["metadata"]["name"].endswith("-migrate")]
            selector = policy["spec"]["podSelector"]["matchLabels"]
            self.assertLessEqual(selector.items(), labels["Job"].items())
            self.assertFalse(selector.items() <= labels["Deployment"].items())

    def test_the_migration_reaches_names_and_the_database_and_is_reached_by_nobody(self):
        for manifests in (helm(), kustomize(OVERLAYS / "production")):
            spec = find(manifests, "NetworkPolicy", "slowwave-migrate")["spec"]
            self.assertEqual(spec["policyTypes"], ["Ingress", "Egress"])
            self.assertNotIn("ingress", spec)
            self.assertEqual({port["port"] for rule in spec["egress"] for port in rule["ports"]}, {53, 5432, 6432})
        # Helm makes what hooks need by hooks before them.
        annotations = find(helm(), "NetworkPolicy", "slowwave-migrate")["metadata"]["annotations"]
        job = find(helm(), "Job", "slowwave-migrate")["metadata"]["annotations"]
        self.assertEqual(annotations["helm.sh/hook"], job["helm.sh/hook"])
        self.assertLess(int(annotations["helm.sh/hook-weight"]), int(job["helm.sh/hook-weight"]))

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
                {"extraEnv": [{"name": "A"}]},
                {"extraEnv": [{"name": "A", "from": "b"}]},
                {"extraVolumeMounts": [{"name": "a"}]},
                {"monitoring": {"rules": {"runbookBase": "deploy/RUNBOOK.md"}}},
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
            *(({"config": spelt}, "would be readable in a config map")
              for key in ("store.url", "store.listen_url", "llm.api_key", "embedding.api_key")
              for spelt in ({key: "secret"}, {key.split(".")[0]: {key.split(".")[1]: "secret"}})),
            ({"config": {"store.url": "postgres://secret@db"}}, "store.secret names, as url"),
            ({"config": {"llm.proxy": "http://a:secret@proxy"}}, "SLOWWAVE_LLM_PROXY"),
            ({"extraEnv": [{"name": "SLOWWAVE_LISTEN", "value": "0.0.0.0:1"}]}, "the chart's to say"),
            ({"config": {"store.migrate": "auto"}}, "config.store.migrate is the chart's to say"),
            ({"config": {"tls": {"cert_file": "/mine.pem"}}}, "config.tls.cert_file is the chart's to say"),
            ({"config": {"llm": "a", "llm.model": "b"}}, "as a value and as a section"),
            ({"config": {"listen": "127.0.0.1:50051"}}, "reach from outside of the pod"),
            ({"config": {"listen": "localhost:50051"}}, "reach from outside of the pod"),
            ({"config": {"http_listen": "[::1]:9464"}}, "reach from outside of the pod"),
            ({"config": {"listen": "0.0.0.0:0"}}, "an address with a port of its own"),
            ({"config": {"http_listen": ""}}, "an address with a port of its own"),
            ({"config": {"listen": None}}, "an address with a port of its own"),
        ):  # fmt: skip
            with self.subTest(values), self.assertRaisesRegex(RuntimeError, re.escape(words)):
                helm(values)

    def test_a_key_is_there_once_however_it_is_spelt(self):
        manifests = helm({"config": {
            "shutdown.seconds": 90, "store.connections": 4, "log.format": "text", "llm.base_url": "https://llm.example/v1",
            "llm": {"model": "m", "budget": {"run_tokens": 1}, "budget.run_tokens": 2, "price.prompt": 0.5},
        }})  # fmt: skip
        config = yaml.safe_load(find(manifests, "ConfigMap", "slowwave-config")["data"]["slowwave.yaml"])
        self.assertEqual(config["shutdown"], {"seconds": 90})
        self.assertEqual(config["store"], {"connections": 4, "migrate": "check"})
        self.assertEqual(config["log"], {"format": "text"})
        self.assertEqual(config["llm"], {
            "base_url": "https://llm.example/v1", "model": "m", "budget": {"run_tokens": 2}, "price": {"prompt": 0.5},
            "api_key_file": "/run/secrets/slowwave/llm/api-key",
        })  # fmt: skip
        self.assertFalse([key for key in config if "." in key])

    def test_all_ports_follow_those_that_the_daemon_listens_on(self):
        values = {"config": {"listen": "[::]:6000", "http_listen": "0.0.0.0:6001"}}
        manifests = helm(values)
        (container,) = pods(manifests)["Deployment"]["spec"]["containers"]
        self.assertEqual({port["name"]: port["containerPort"] for port in container["ports"]}, {"grpc": 6000, "metrics": 6001})
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["httpGet"]["port"], "metrics")
        for name in ("slowwave", "slowwave-headless"):
            ports = {port["name"]: port["port"] for port in find(manifests, "Service", name)["spec"]["ports"]}
            self.assertLessEqual(ports.items(), {"grpc": 6000, "metrics": 6001}.items())
        self.assertIn("slowwave.slowwave.svc:6000", helm(values, notes=True))
        self.assertNotRegex(json.dumps(manifests), "50051|9464")

    def test_extras_are_where_they_are_needed(self):
        extra = VARIANTS["all the rest"]
        manifests = helm({**extra, "migration": {"grant": {"enabled": True}}})
        for kind, pod in pods(manifests).items():
            spec = pod["spec"]
            self.assertIn(extra["extraVolumes"][0], spec["volumes"])
            for container in spec["containers"] + spec.get("initContainers", []):
                self.assertIn(extra["extraVolumeMounts"][0], container["volumeMounts"])
                for variable in extra["extraEnv"]:
                    (self.assertIn if kind == "Deployment" else self.assertNotIn)(variable, container["env"])

    def test_on_a_cluster_of_citus_the_job_leaves_row_security_out(self):
        manifests = helm({"migration": {"grant": {"rowSecurity": False}}})
        (grant,) = pods(manifests)["Job"]["spec"]["containers"]
        self.assertEqual(set(find(manifests, "ConfigMap", "slowwave-roles")["data"]), {"roles.sql"})
        # As with kustomize, by the patch that the document has.
        (patch,) = re.findall(r"^ +- (\{op: replace, path: /spec/template/spec/containers/0/command, .*\})$",
                              (ROOT / "deploy/README.md").read_text(encoding="utf-8"), re.M)  # fmt: skip
        self.assertEqual(yaml.safe_load(patch)["value"], grant["command"])
        self.assertNotIn("/sql/row_security.sql", grant["command"])
        (whole,) = pods(helm())["Job"]["spec"]["containers"]
        self.assertEqual([part for part in whole["command"] if part not in grant["command"]], ["/sql/row_security.sql"])

    def test_the_job_that_alerts_name_is_that_of_the_pod_monitor_whatever_it_is_called(self):
        for values in ({}, {"nameOverride": "memory"}, {"fullnameOverride": "memory"}):
            monitor = find(helm({**OPERATORS, **values}), "PodMonitor", values.get("fullnameOverride", "slowwave(-memory)?"))
            (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
            self.assertEqual(endpoint["relabelings"], [{"targetLabel": "job", "replacement": "slowwave"}])

    def test_a_runbook_that_can_be_read_is_linked(self):
        def annotations(**rules):
            manifests = helm({"monitoring": {"rules": {"enabled": True, **rules}}})
            rules = find(manifests, "PrometheusRule")["spec"]["groups"][0]["rules"]
            return {rule["alert"]: rule["annotations"] for rule in rules}

        linked = annotations(runbookBase="https://wiki.example/slowwave")
        for alert, without in annotations().items():
            link = f"https://wiki.example/slowwave#{alert.lower()}"
            self.assertEqual(linked[alert], {**without, "runbook_url": link})

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
