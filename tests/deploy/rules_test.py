#!/usr/bin/env python3
"""The alerts: promtool reads them, each fires when it should and not when it should not, each has its runbook."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/deploy"
RULES = ROOT / "deploy/alerts/slowwave.rules.yaml"
SCENES = ("alerts_test.yaml", "alerts_days_test.yaml")


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def alerts(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]]


def anchors(markdown):
    """The anchors that a forge gives to the headings."""
    titles = re.findall(r"^#+ (.*)$", markdown, re.M)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


class Rules(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-rules-")))
        self.rules = load(RULES)

    def promtool(self, *arguments):
        return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=300)

    def play(self, rules, scenes):
        """`promtool test rules` with these rules, their annotations left out, since it would compare them too."""
        for rule in alerts(rules):
            rule.pop("annotations", None)
        (self.folder / RULES.name).write_text(yaml.safe_dump(rules), encoding="utf-8")
        (self.folder / "scenes.yaml").write_text(yaml.safe_dump(scenes), encoding="utf-8")
        return self.promtool("test", "rules", str(self.folder / "scenes.yaml"))

    def test_promtool_reads_them(self):
        done = self.promtool("check", "rules", "--lint-fatal", str(RULES))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_fires_when_it_should_and_only_then(self):
        for scenes in SCENES:
            with self.subTest(scenes):
                done = self.play(load(RULES), load(HERE / scenes))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_has_a_scene_in_which_it_fires_and_one_in_which_it_does_not(self):
        fires, quiet = set(), set()
        for scenes in SCENES:
            for scene in load(HERE / scenes)["tests"]:
                for case in scene["alert_rule_test"]:
                    (fires if case["exp_alerts"] else quiet).add(case["alertname"])
        names = {rule["alert"] for rule in alerts(self.rules)}
        self.assertEqual(names - fires, set(), "never seen to fire")
        self.assertEqual(names - quiet, set(), "never seen not to fire")
        self.assertEqual((fires | quiet) - names, set(), "not among the rules")

    def test_the_scenes_notice_an_alert_that_never_fires(self):
        scenes = load(HERE / "alerts_test.yaml")
        scenes["tests"] = [scene for scene in scenes["tests"] if "oldest task" in scene["name"]]
        self.assertEqual(self.play(load(RULES), scenes).returncode, 0)
        broken = load(RULES)
        for rule in alerts(broken):
            rule["expr"] = rule["expr"].replace("slowwave_queue_oldest_seconds", "slowwave_queue_oldest")
        self.assertNotEqual(self.play(broken, scenes).returncode, 0)

    def test_each_says_what_it_means_how_bad_it_is_and_what_to_do(self):
        runbook = (ROOT / "deploy/RUNBOOK.md").read_text(encoding="utf-8")
        known = anchors(runbook)
        for rule in alerts(self.rules):
            with self.subTest(rule["alert"]):
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook"})
                self.assertIn(rule["labels"]["severity"], {"critical", "warning", "info"})
                path, _, anchor = rule["annotations"]["runbook"].partition("#")
                self.assertEqual((path, anchor), ("deploy/RUNBOOK.md", rule["alert"].lower()))
                self.assertIn(anchor, known)
        told = set(re.findall(r"^#+ (Slowwave\w+)$", runbook, re.M))
        self.assertEqual(told, {rule["alert"] for rule in alerts(self.rules)})

    def test_the_prometheusrule_of_kustomize_is_written_from_them(self):
        written = self.folder / "prometheusrule.yaml"
        subprocess.run([str(ROOT / "deploy/alerts/write_prometheusrule"), str(written)], check=True)
        kept = ROOT / "deploy/kustomize/monitoring/prometheusrule.yaml"
        self.assertEqual(
            written.read_text(encoding="utf-8"),
            kept.read_text(encoding="utf-8"),
            "run deploy/alerts/write_prometheusrule",
        )
        self.assertEqual(load(written)["spec"], self.rules)

    def test_a_link_to_the_runbook_is_added_where_it_can_be_read(self):
        written = self.folder / "prometheusrule.yaml"
        at = "https://wiki.example/slowwave/RUNBOOK.md"
        subprocess.run([str(ROOT / "deploy/alerts/write_prometheusrule"), str(written), at], check=True)
        for rule in alerts(load(written)["spec"]):
            self.assertEqual(rule["annotations"].pop("runbook_url"), f"{at}#{rule['alert'].lower()}")
            self.assertIn(rule, alerts(self.rules))


if __name__ == "__main__":
    unittest.main()
