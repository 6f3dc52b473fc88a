#!/usr/bin/env python3
"""The command line against a running daemon: what is printed, what it exits with, what is left behind."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from support import daemon

USER = ["--user", "ines"]
GOOD = [
    {"id": "e1", "text": "My name is Ines.", "speaker": "Ines", "occurred_at": "2025-01-04T10:00:00Z"},
    {"id": "e2", "text": "I live in Ghent.", "speaker": "Ines", "occurred_at": "2025-01-04T10:01:00Z"},
    {"id": "e3", "text": "I moved to Utrecht today.", "speaker": "Ines", "occurred_at": "2025-05-10"},
    {"id": "e4", "text": "What time is it?", "speaker": "Ines", "occurred_at": "2025-05-11T00:30:00+02:00",
     "embedding": None, "metadata": {"b": 1, "a": [True, None]}, "entities": ["time"]},
]
BAD = [
    ("{not json", "not JSON"),
    ('{"text": 5}', "text: a string"),
    ('{"text": "a", "text": "b"}', "'text' occurs twice"),
    ('{"text": "a\\u0000b"}', "NUL"),
    ('{"text": "a", "metadata": {"x": ' + "[" * 40 + "]" * 40 + "}}", "nested deeper"),
    ('{"text": "' + "a" * (3 << 20) + '"}', "longer than"),
    ('{"text": "a", "occurred_at": "2023-13-01"}', "'2023-13-01' is no time"),
    ('{"text": "a", "occured_at": "2023-12-01"}', "unknown key 'occured_at'"),
    ('{"text": "a", "embedding": [NaN]}', "not JSON"),
    ('{"text": "' + "a" * 70000 + '"}', "text"),  # good JSON; the daemon refuses it
]


def run(*arguments, text=None, environment=None):
    """The finished process; its output as text."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
    return subprocess.run(
        [daemon.binary(), *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=daemon.PATIENCE_SECONDS,
        env={**clean, **(environment or {})},
        check=False,
    )


def lines(process):
    return [json.loads(line) for line in process.stdout.splitlines()]


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.daemon = daemon.Daemon()
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__)

    def call(self, *arguments, text=None, code=0):
        process = run(*arguments, "--address", self.daemon.address, text=text)
        self.assertEqual(process.returncode, code, (arguments, process.stdout[-2000:], process.stderr[-2000:]))
        return process

    def import_lines(self, entries, *flags, user="ines", code=0):
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        return self.call("import", "--user", user, *flags, "-", text=text, code=code)

    def test_a_bad_line_is_named_and_loses_no_good_one(self):
        path = self.daemon.folder / "mixed.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\ufeff")
            for good in GOOD:
                file.write(json.dumps(good) + "\n\n")
            for bad, _ in BAD:
                file.write(bad + "\n")
            file.write(json.dumps({"id": "last", "text": "I love tea."}))
        process = self.call("import", *USER, str(path), code=2)
        self.assertIn(f"{len(GOOD) + len(BAD) + 1} lines", process.stdout)
        self.assertIn(f"{len(GOOD) + 1} taken", process.stdout)
        self.assertIn(f"{len(BAD)} refused", process.stdout)
        for number, (_, reason) in enumerate(BAD, start=2 * len(GOOD) + 1):
            said = [line for line in process.stderr.splitlines() if line.startswith(f"{path}:{number}: ")]
            self.assertEqual(len(said), 1, process.stderr)
            self.assertIn(reason, said[0])
        stored = lines(self.call("episodes", *USER, "--json"))
        self.assertEqual({e["episode"]["id"] for e in stored}, {e["id"] for e in GOOD} | {"last"})

    def test_importing_again_changes_nothing_and_says_what_differs(self):
        self.import_lines(GOOD)
        again = lines(self.import_lines(GOOD, "--json"))
        self.assertEqual(again, [{"lines": 4, "stored": 0, "existed": 4, "different": 0, "erased": 0, "refused": 0}])
        changed = [{**GOOD[1], "text": "I live in Bruges."}]
        problem, summary = lines(self.import_lines(changed, "--json", code=2))
        self.assertEqual((problem["line"], problem["id"], problem["status"]), (1, "e2", "different"))
        self.assertEqual(summary["different"], 1)
        kept = lines(self.call("episodes", *USER, "e2", "--json"))
        self.assertEqual(kept[0]["episode"]["text"], "I live in Ghent.")

    def test_a_missing_file_is_an_error_before_anything_is_sent(self):
        path = self.daemon.folder / "good.jsonl"
        path.write_text(json.dumps(GOOD[0]) + "\n", encoding="utf-8")
        process = self.call("import", *USER, str(path), str(path) + ".none", code=1)
        self.assertIn("nothing was imported", process.stderr)
        self.assertIn("slowwave: ", self.call("user", "show", *USER, code=1).stderr)

    def test_facts_follow_from_a_drain_with_dates_and_quotes(self):
        self.import_lines(GOOD)
        drained = self.call("trigger", *USER, "--until-drained")
        self.assertIn("drained in 1 run", drained.stdout)
        for stage in ("sample", "cluster", "extract", "align", "migrate"):
            self.assertIn(stage, drained.stderr)
        history = {f["value"]: f for f in lines(self.call("facts", *USER, "--history", "--json"))
                   if f["key"] == "ines:location:current_city"}
        self.assertEqual(set(history), {"Ghent", "Utrecht"}, history)
        self.assertEqual(history["Ghent"]["validTo"][:10], "2025-05-10")
        self.assertFalse(history["Ghent"]["current"])
        self.assertTrue(history["Utrecht"]["current"])
        self.assertEqual(history["Utrecht"]["evidence"][0]["episodeId"], "e3")
        self.assertIn(history["Utrecht"]["evidence"][0]["quote"], GOOD[2]["text"])
        for field in ("category", "subject", "predicate", "text", "confidence", "trust", "validFrom", "runId"):
            self.assertIn(field, history["Utrecht"])
        now = [f["value"] for f in lines(self.call("facts", *USER, "--json")) if "current_city" in f["key"]]
        self.assertEqual(now, ["Utrecht"])
        then = lines(self.call("facts", *USER, "--as-of", "2025-02-01", "--json"))
        self.assertEqual([f["value"] for f in then if "current_city" in f["key"]], ["Ghent"])
        shown = self.call("facts", *USER, "--evidence").stdout
        self.assertIn("Utrecht", shown)
        self.assertIn("Ines, 2025-05-10, e3", shown)
        self.assertIn("Ghent", self.call("facts", "show", *USER, "ines:location:current_city").stdout)
        self.assertIn("equal", self.call("verify", *USER).stdout)
        report = self.call("report", *USER)
        self.assertIn("4 of 4 eligible episodes", report.stdout)
        self.assertEqual(len(lines(self.call("report", *USER, "--list", "--json"))), 1)
        self.assertIn("nothing differs", self.call("report", *USER, "--replay").stdout)
        replay = lines(self.call("report", *USER, "--replay", "--json"))[0]
        self.assertEqual(replay["chunks"], replay["replayedChunks"])
        self.assertGreater(int(replay["sameAssertions"]), 0)
        self.assertNotIn("differences", {name for name, value in replay.items() if value})
        user = lines(self.call("user", "show", *USER, "--json"))[0]
        quarantined = lines(self.call("quarantine", *USER, "--json"))
        self.assertEqual(len(quarantined), int(user["quarantined"]))
        self.assertTrue(all(gist["reason"] for gist in quarantined))

    def test_an_export_imported_elsewhere_and_drained_reaches_the_same_digest(self):
        self.import_lines(GOOD)
        self.call("trigger", *USER, "--until-drained")
        path = self.daemon.folder / "export.jsonl"
        self.call("export", *USER, str(path))
        exported = path.read_text(encoding="utf-8")
        self.assertEqual(exported, self.call("export", *USER).stdout)
        self.assertEqual([json.loads(line)["id"] for line in exported.splitlines()], ["e1", "e2", "e3", "e4"])
        self.call("import", "--user", "copy", str(path))
        self.call("trigger", "--user", "copy", "--until-drained")
        self.assertEqual(exported, self.call("export", "--user", "copy").stdout)
        digests = {lines(self.call("user", "show", "--user", user, "--json"))[0]["digest"] for user in ("ines", "copy")}
        self.assertEqual(len(digests), 1)
        self.assertRegex(digests.pop(), "^[0-9a-f]{64}$")

    def test_a_backlog_of_several_runs_drains_in_one_command(self):
        count = 450
        self.import_lines([{"id": f"n{i}", "text": f"Note {i} of the day", "occurred_at": "2025-01-01"} for i in range(count)])
        tasks = lines(self.call("trigger", *USER, "--until-drained", "--json"))
        self.assertGreater(len(tasks), 1)
        self.assertEqual({task["state"] for task in tasks}, {"TASK_STATE_DONE"})
        user = lines(self.call("user", "show", *USER, "--json"))[0]
        self.assertEqual((user["episodes"], user["pending"]), (str(count), "0"))
        pages = lines(self.call("episodes", *USER, "--json"))
        self.assertEqual(len({e["episode"]["id"] for e in pages}), count)

    def test_tasks_are_listed_watched_and_refused_a_second_end(self):
        self.import_lines(GOOD)
        task = lines(self.call("trigger", *USER, "--wait", "--json", "--reason", "a test"))[0]
        self.assertEqual((task["state"], task["reasons"]), ("TASK_STATE_DONE", ["a test"]))
        listed = lines(self.call("tasks", *USER, "--state", "done", "--json"))
        self.assertEqual([t["id"] for t in listed], [task["id"]])
        self.assertEqual(lines(self.call("tasks", "show", task["id"], "--json")), listed)
        events = lines(self.call("watch", task["id"], "--json"))
        self.assertEqual(events[-1]["task"]["id"], task["id"])
        self.assertIn("slowwave: ", self.call("tasks", "cancel", task["id"], code=1).stderr)
        self.assertIn("none of waiting", self.call("tasks", "--state", "asleep", code=1).stderr)

    def test_conditions_are_registered_and_checked(self):
        self.call("user", "register", *USER, "--event", "task_completed", "--quota-episodes", "3")
        quiet = lines(self.call("check", *USER, "--json"))[0]
        self.assertFalse(quiet["fired"])
        fired = lines(self.call("check", *USER, "--event", "task_completed", "--json"))[0]
        self.assertTrue(fired["fired"])
        self.assertEqual(fired["condition"]["kind"], "TRIGGER_KIND_EVENT")
        self.assertIn("no span", self.call("user", "register", *USER, "--every", "soon", code=1).stderr)

    def test_slots_are_registered_from_a_file(self):
        slots = [{"pattern": "*:custom:boat", "category": "custom", "cardinality": "one", "aliases": ["*:custom:ship"]}]
        put = lines(self.call("slots", "put", "-", "--json", text=json.dumps(slots)))
        self.assertEqual((put[0]["pattern"], put[0]["cardinality"]), ("*:custom:boat", "CARDINALITY_ONE"))
        listed = {slot["pattern"]: slot for slot in lines(self.call("slots", "--json"))}
        self.assertFalse(listed["*:custom:boat"]["builtin"])
        self.assertTrue(listed["*:location:current_city"]["builtin"])
        self.assertIn("cardinality", self.call("slots", "put", "-", text='{"pattern": "*:custom:boat", "category": "custom"}', code=1).stderr)


class WithoutADaemon(unittest.TestCase):
    def test_an_absent_daemon_is_named_with_what_to_do(self):
        process = run("facts", *USER, environment={"SLOWWAVE_ADDRESS": "127.0.0.1:1"})
        self.assertEqual(process.returncode, 1)
        self.assertEqual(process.stdout, "")
        self.assertIn("cannot reach 127.0.0.1:1: connection refused; is `slowwave serve` running", process.stderr)
        self.assertEqual(len(process.stderr.splitlines()), 1)

    def test_bad_usage_exits_2_and_help_shows_an_example(self):
        self.assertEqual(run("facts", "--nonsense").returncode, 2)
        self.assertEqual(run().returncode, 2)
        for command in ("demo", "migrate", "import", "export", "trigger", "check", "report", "tasks", "watch", "facts",
                        "episodes", "quarantine", "slots", "verify", "version", "user", "tenant"):
            process = run(command, "--help")
            self.assertEqual(process.returncode, 0)
            self.assertIn("Example: ", process.stdout, command)

    def test_what_is_not_in_this_release_says_so(self):
        process = run("revert", "some-run", *USER)
        self.assertEqual(process.returncode, 1)
        self.assertIn("not in this release", process.stderr)

    def test_version_is_printed(self):
        self.assertRegex(run("version").stdout, r"^slowwave \d+\.\d+\.\d+ ")
        self.assertIn("version", lines(run("version", "--json"))[0])

    def test_migrate_shows_applies_and_validates(self):
        with tempfile.TemporaryDirectory() as folder:
            url = ["--store-url", f"sqlite:{folder}/s.db"]
            self.assertIn("outstanding", run("migrate", "status", *url).stdout)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])
            self.assertEqual(run("migrate", "validate", *url).returncode, 1)
            self.assertEqual(run("migrate", "up", *url).returncode, 0)
            self.assertEqual(run("migrate", "validate", *url).returncode, 0)
            self.assertEqual(lines(run("migrate", "status", "--json", *url))[0]["version"], 1)


class Demo(unittest.TestCase):
    def test_once_tells_dated_facts_with_quotes_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            process = run("demo", "--once", environment={"TMPDIR": folder})
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])
        told = process.stdout
        self.assertIn(" 0 refused", told)
        for said in ("current city: Utrecht", "since 2025-05-10", "Ghent (2024-03-01 to 2025-05-10) -> Utrecht",
                     "allergy", "hazelnuts", "Late news", "episodes read", "How to go on"):
            self.assertIn(said, told)
        for chatter in ("owner of every account", "Happy new year", "What time"):
            self.assertNotIn(f": {chatter}", told)

    def test_it_serves_on_until_it_is_interrupted(self):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [daemon.binary(), "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": folder}, encoding="utf-8",
            )
            try:
                address = None
                for line in process.stdout:
                    if "serves gRPC on " in line:
                        address = line.split("serves gRPC on ")[1].split()[0].rstrip(",")
                    if "Ctrl-C ends it" in line:
                        break
                facts = run("facts", "--user", "demo", "--json", "--address", address)
                self.assertGreater(len(lines(facts)), 20, facts.stderr)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(daemon.PATIENCE_SECONDS), 0)
                self.assertEqual(list(pathlib.Path(folder).iterdir()), [])
            finally:
                process.kill()
                process.wait()
                process.stdout.close()


if __name__ == "__main__":
    unittest.main()
