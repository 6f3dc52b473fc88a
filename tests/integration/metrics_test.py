#!/usr/bin/env python3
"""What /metrics tells of a daemon that has worked: everything that it promises, well-formed, and of nobody by name."""

import re
import shutil
import subprocess
import unittest
import urllib.request

from support import daemon, endpoint, wire

TENANT, USER, PAUSED = "tenant-aurelia", "user-zebulon", "tenant-otho"
SERIES = re.compile(r'^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

PROMISED = {
    "slowwave_queue_tasks": {"state": {"waiting", "delayed", "running", "dead"}},
    "slowwave_queue_oldest_seconds": {},
    "slowwave_store_operation_seconds_bucket": {"operation": {"claim_tasks", "commit_run", "count_queue", "ping"}},
    "slowwave_store_errors_total": {"code": {"unavailable"}},
    "slowwave_leases_held": {},
    "slowwave_leases_renewed_total": {},
    "slowwave_tasks_dead_total": {},
    "slowwave_runs_total": {"outcome": {"committed", "failed", "handed_back", "fenced"}},
    "slowwave_budget_tokens_total": {"kind": {"drawn", "spent", "returned"}},
    "slowwave_cost_total": {"endpoint": {"llm", "embedding"}},
    "slowwave_build_info": {},
    "slowwave_llm_calls_total": {"outcome": {"ok"}},
    "slowwave_embedding_calls_total": {"outcome": {"ok"}},
    "grpc_server_handled_total": {"grpc_code": {"OK"}},
    "process_open_fds": {},
}
OF_A_POOL = {"slowwave_store_connections": {"state": {"idle", "in_use"}}, "slowwave_store_connections_limit": {}}


def page_of(each):
    with urllib.request.urlopen(f"http://{each.http_address}/metrics", timeout=daemon.PATIENCE_SECONDS) as answer:
        return answer.read().decode()


def series_of(page):
    """[(name, {label: value}, value)]"""
    found = []
    for line in page.splitlines():
        if line and not line.startswith("#"):
            match = SERIES.match(line)
            if not match:
                raise AssertionError(f"not a series: {line}")
            found.append((match["name"], dict(LABEL.findall(match["labels"] or "")), float(match["value"])))
    return found


class Metrics(unittest.TestCase):
    def setUp(self):
        self.endpoint = self.enterContext(endpoint.Endpoint())
        # What the endpoint says that it used is no more than what a call sets aside.
        self.endpoint.usage = {"prompt_tokens": 500, "completion_tokens": 100}
        self.daemon = daemon.Daemon(
            arguments=[
                *("--llm-base-url", self.endpoint.url, "--llm-model", "test", "--llm-max-reply-tokens", "200"),
                *("--llm-price-prompt", "2000", "--llm-price-completion", "10000"),
                *("--llm-budget-tenant-tokens-per-day", "1000000"),
                *("--embedding-base-url", self.endpoint.url, "--embedding-model", "test", "--embedding-price", "1000"),
                *("--store-connections", "7"),
            ]
        )
        self.addCleanup(self.daemon.__exit__)
        self.daemon.start()
        self.client = wire.Client(self.daemon.address)
        self.addCleanup(self.client.__exit__)

    def drive(self):
        """A run, an error, and a task that waits because its tenant is paused."""
        episodes = [
            wire.memory.Episode(id=f"e{n}", text=f"I planted tree number {n}", speaker="Zeb", session_id="s", turn=n)
            for n in range(8)
        ]
        self.client.IngestEpisodes(tenant=TENANT, user=USER, episodes=episodes)
        task = self.client.TriggerConsolidation(tenant=TENANT, user=USER, reason=f"of {USER}").task
        wire.drain(self.client, task, tenant=TENANT)
        self.client.RegisterUser(tenant=PAUSED, user=USER)
        self.client.PutTenant(tenant=PAUSED, settings=wire.consolidation.TenantSettings(paused=True, weight=1))
        self.client.TriggerConsolidation(tenant=PAUSED, user=USER)
        before = self.counts_of_the_queue()
        # The first of them may have begun before the trigger.
        daemon.eventually(lambda: self.counts_of_the_queue() >= before + 2, "the queue's count")

    def counts_of_the_queue(self):
        name = 'slowwave_store_operation_seconds_count{operation="count_queue"}'
        return sum(float(line.rpartition(" ")[2]) for line in page_of(self.daemon).splitlines() if line.startswith(name))

    def test_everything_promised_is_there_and_nothing_names_anybody(self):
        self.drive()
        series = series_of(page_of(self.daemon))
        promised = dict(PROMISED, **(OF_A_POOL if self.daemon.store_url else {}))
        for name, labels in promised.items():
            mine = [(found, value) for each, found, value in series if each == name]
            with self.subTest(name):
                self.assertTrue(mine, f"no {name}")
                for label, expected in labels.items():
                    self.assertLessEqual(expected, {found.get(label) for found, _ in mine})
        for name, labels, _ in series:
            for label, value in labels.items():
                for secret in (TENANT, USER, PAUSED, "aurelia", "zebulon", "otho"):
                    self.assertNotIn(secret, value, f"{name}{{{label}}}")
        self.assertFalse({label for _, labels, _ in series for label in labels} & {"tenant", "user", "task", "run"})
        (version,) = {labels["version"] for name, labels, value in series if name == "slowwave_build_info" and value == 1}
        told = subprocess.run([daemon.binary(), "version"], capture_output=True, encoding="utf-8", check=True).stdout
        self.assertIn(version, told)

    def test_promtool_finds_nothing_to_complain_of(self):
        self.drive()
        promtool = shutil.which("promtool")
        self.assertTrue(promtool, "promtool is not installed; ./dev test installs it")
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=page_of(self.daemon), capture_output=True, encoding="utf-8", check=False
        )
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_figures_are_those_of_what_was_done(self):
        self.drive()
        metric = self.daemon.metric
        calls = self.endpoint.calls
        self.assertGreater(calls, 0)
        # Of a million tokens: 2,000 for the prompt's, 10,000 for the reply's.
        self.assertAlmostEqual(metric('slowwave_cost_total{endpoint="llm"}'), calls * (500 * 0.002 + 100 * 0.01))
        self.assertAlmostEqual(metric('slowwave_cost_total{endpoint="embedding"}'), 8 * 0.001)
        self.assertEqual(metric('slowwave_budget_tokens_total{kind="spent"}'), calls * 600)
        self.assertGreaterEqual(metric('slowwave_budget_tokens_total{kind="drawn"}'), calls * 600)
        # The paused tenant's task waits for nobody's work.
        self.assertEqual(metric('slowwave_queue_tasks{state="waiting"}'), 0)
        self.assertEqual(metric("slowwave_queue_oldest_seconds"), 0)
        self.assertEqual(metric("slowwave_leases_held"), 0)
        self.assertEqual(metric('slowwave_store_errors_total{code="unavailable"}'), 0)
        if self.daemon.store_url:
            self.assertEqual(metric("slowwave_store_connections_limit"), 7)
            daemon.eventually(lambda: metric('slowwave_store_connections{state="idle"}') > 0, "a connection to be idle")


if __name__ == "__main__":
    unittest.main()
