#!/usr/bin/env python3
"""What the dashboard, the alerts and the autoscalers ask Prometheus for is what the daemon tells."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import yaml
from rendered import MODULES, ROOT, find, helm

sys.path.insert(0, str(ROOT / "tests/integration"))
from support import daemon, endpoint, postgres, wire  # noqa: E402

DASHBOARD = json.loads((ROOT / "deploy/dashboards/slowwave.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/alerts/slowwave.rules.yaml").read_text(encoding="utf-8"))
# Grafana's, and a value for each.
VARIABLES = {"__rate_interval": "5m", "job": "slowwave", "namespace": ".*"}
# Made by Prometheus, for each target that it scrapes.
OF_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"job", "namespace", "instance"}


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def filled(expression):
    return re.sub(r"\$\{?(\w+)\}?", lambda found: VARIABLES[found.group(1)], expression)


def queries():
    """Every expression, by where it stands."""
    found = {}
    for panel in panels():
        for target in panel["targets"]:
            found[f"dashboard, {panel['title']} {target['refId']}"] = filled(target["expr"])
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            found[f"dashboard, ${variable['name']}"] = filled(
                re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"]).group(1)
            )
    for group in RULES["groups"]:
        for rule in group["rules"]:
            found[rule["alert"]] = rule["expr"]
    (trigger,) = find(helm({"autoscaling": {"kind": "keda"}}), "ScaledObject")["spec"]["triggers"]
    found["keda"] = trigger["metadata"]["query"]
    (metric,) = find(helm({"autoscaling": {"kind": "hpa"}}), "HorizontalPodAutoscaler")["spec"]["metrics"]
    labels = metric["external"]["metric"]["selector"]["matchLabels"]
    found["hpa"] = metric["external"]["metric"]["name"] + "{" + ", ".join(f'{k}="{v}"' for k, v in labels.items()) + "}"
    return found


def parsed(expressions):
    with tempfile.TemporaryDirectory(prefix="slowwave-promql-") as folder:
        asked = pathlib.Path(folder) / "queries.json"
        asked.write_text(json.dumps(expressions), encoding="utf-8")
        script = pathlib.Path(__file__).with_name("promql.js")
        done = subprocess.run(["node", script, MODULES, asked], capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)


def metrics_of_a_driven_daemon():
    """{name: [labels...]} of the samples of a daemon on Postgres with both endpoints that has taken in, consolidated
    and answered."""
    with endpoint.Endpoint() as answers:
        served = daemon.Daemon(
            store_url=postgres.shared().new_database(),
            arguments=["--llm-base-url", answers.url, "--llm-model", "m", "--llm-budget-tenant-tokens-per-day", "10000000",
                       "--llm-price-prompt", "1", "--embedding-base-url", answers.url, "--embedding-model", "e"],
        )  # fmt: skip
        with served, wire.Client(served.address) as client:
            episodes = [{"id": f"e{i}", "speaker": "Ada", "text": f"{letter} is what I said."} for i, letter in enumerate("abcdef")]
            client.IngestEpisodes(user="ada", episodes=episodes)
            task = client.TriggerConsolidation(user="ada", request_id="once").task
            daemon.eventually(
                lambda: client.GetTask(task_id=task.id).state == wire.consolidation.TASK_STATE_DONE, "the run to end"
            )
            with urllib.request.urlopen(f"http://{served.http_address}/metrics", timeout=60) as answer:
                text = answer.read().decode()
    found = {}
    for name, labels in re.findall(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$", text, re.M):
        found.setdefault(name, []).append(dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)))
    return found


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.queries = queries()
        cls.parsed = dict(zip(cls.queries, parsed(list(cls.queries.values()))))

    def test_each_is_promql(self):
        for name, each in self.parsed.items():
            self.assertEqual(each["errors"], [], f"{name}: {self.queries[name]}")
            self.assertTrue(each["selectors"], name)
        (broken,) = parsed(["sum by (a (b)"])
        self.assertTrue(broken["errors"])

    def test_each_names_metrics_and_labels_that_the_daemon_tells(self):
        told = metrics_of_a_driven_daemon()
        self.assertIn("slowwave_run_seconds_bucket", told)
        absent = set()
        for name, each in self.parsed.items():
            for selector in each["selectors"]:
                metric = selector["metric"]
                if metric in OF_PROMETHEUS:
                    continue
                if metric not in told:
                    absent.add(metric)
                    continue
                for label, operator, value in selector["matchers"]:
                    if label in LABELS_OF_PROMETHEUS:
                        continue
                    values = {labels.get(label) for labels in told[metric]}
                    self.assertNotEqual(values, {None}, f"{name}: {metric} has no label {label}")
                    if operator == "=":
                        self.assertIn(value, values, f"{name}: {metric}")
                    elif operator == "=~" and label not in ("grpc_code", "code"):
                        for one in value.split("|"):
                            self.assertIn(one, values, f"{name}: {metric}")
        self.assertEqual(absent, set(), "the daemon tells no such metrics")


class Layout(unittest.TestCase):
    def test_panels_say_what_they_are_and_do_not_overlap(self):
        taken = {}
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertIsNone(taken.setdefault((x, y), None), f"{panel['title']} lies over {taken[x, y]}")
                    taken[x, y] = panel["title"]
        for panel in panels():
            self.assertTrue(panel["title"] and panel["description"])
            self.assertEqual(panel["datasource"]["uid"], "${datasource}")
            if panel["type"] != "table":
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
        identities = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(identities), len(set(identities)))

    def test_each_query_is_of_the_chosen_job_and_namespace(self):
        for panel in panels():
            for target in panel["targets"]:
                selectors = re.findall(r"\{([^{}]*)\}", target["expr"])
                self.assertTrue(selectors)
                for selector in selectors:
                    self.assertIn('job=~"$job", namespace=~"$namespace"', selector, panel["title"])


if __name__ == "__main__":
    unittest.main()
