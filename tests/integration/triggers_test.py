#!/usr/bin/env python3
"""Every kind of trigger fires, survives a restart, and does not fire twice; a paused tenant waits."""

import json
import subprocess
import unittest

from support import daemon, wire

c, m = wire.common, wire.memory


def note(number):
    return m.Episode(id=f"n{number}", text=f"I live in Ghent, note {number}.", speaker="Mara")


class Triggers(unittest.TestCase):
    def setUp(self):
        # Where others could hold them, the tasks of a killed daemon come back when their leases run out.
        self.daemon = daemon.Daemon(arguments=["--lease-seconds", "3"])
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__)
        self.connect()

    def connect(self):
        self.client = wire.Client(self.daemon.address)
        self.addCleanup(self.client.__exit__)

    def restart(self, kill):
        if kill:
            self.daemon.kill()
        else:
            self.daemon.stop()
        self.daemon.start()
        self.connect()

    def ingest(self, user, first, count):
        return self.client.IngestEpisodes(user=user, episodes=[note(first + i) for i in range(count)])

    def condition(self, user):
        return self.client.GetUser(user=user).conditions[0]

    def until_read(self, user):
        daemon.eventually(lambda: self.client.GetUser(user=user).pending == 0, f"{user}'s episodes to be read")

    def tasks(self, user):
        return list(wire.pages(self.client.ListTasks, "tasks", user=user))

    def command(self, *arguments, code=0):
        process = subprocess.run(
            [daemon.binary(), *arguments, "--address", self.daemon.address],
            capture_output=True,
            encoding="utf-8",
            timeout=daemon.PATIENCE_SECONDS,
            check=False,
        )
        self.assertEqual(process.returncode, code, process.stderr)
        return process

    def test_a_quota_fires_in_the_ingest_that_reaches_it_and_cools_down_across_a_restart(self):
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=3)
        quota.cooldown.seconds = 3600
        self.client.RegisterUser(user="quota", conditions=[quota])
        self.assertEqual(len(self.ingest("quota", 0, 2).fired), 0)
        (fired,) = self.ingest("quota", 2, 1).fired
        self.assertEqual((fired.kind, fired.joined), (c.TRIGGER_KIND_QUOTA, False))
        self.until_read("quota")
        before = self.condition("quota")
        self.restart(kill=True)
        self.assertEqual(self.condition("quota"), before)
        self.assertEqual(len(self.ingest("quota", 3, 5).fired), 0)
        after = self.condition("quota")
        self.assertEqual(after.times_fired, 1)
        self.assertEqual(after.next_due.ToMicroseconds(), before.last_fired.ToMicroseconds() + 3_600_000_000)
        self.assertEqual([task.id for task in self.tasks("quota")], [fired.task_id])

    def test_a_cooldown_that_ends_fires_what_gathered_meanwhile(self):
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=2)
        quota.cooldown.seconds = 2
        self.client.RegisterUser(user="cool", conditions=[quota])
        self.assertEqual(len(self.ingest("cool", 0, 2).fired), 1)
        self.until_read("cool")
        self.ingest("cool", 2, 2)
        self.restart(kill=False)
        self.until_read("cool")
        self.assertEqual(self.condition("cool").times_fired, 2)

    def test_a_schedule_fires_by_itself_and_goes_on_after_a_restart(self):
        every_second = c.TriggerCondition(kind=c.TRIGGER_KIND_SCHEDULED)
        every_second.interval.seconds = 1
        self.client.RegisterUser(user="schedule", conditions=[every_second])
        self.ingest("schedule", 0, 1)
        self.until_read("schedule")
        fired = self.condition("schedule").times_fired
        self.assertGreaterEqual(fired, 1)  # more if reading took over a second
        # Nothing is pending, so it only moves on.
        due = self.condition("schedule").next_due.ToMicroseconds()
        daemon.eventually(lambda: self.condition("schedule").next_due.ToMicroseconds() > due, "the schedule to move on")
        self.assertEqual(self.condition("schedule").times_fired, fired)
        self.restart(kill=True)
        self.assertEqual(self.condition("schedule").times_fired, fired)
        self.ingest("schedule", 1, 1)
        self.until_read("schedule")
        self.assertGreater(self.condition("schedule").times_fired, fired)

    def test_an_event_fires_once_for_a_request_that_is_sent_again(self):
        event = c.TriggerCondition(kind=c.TRIGGER_KIND_EVENT, events=["task_completed"])
        self.client.RegisterUser(user="event", conditions=[event])
        self.ingest("event", 0, 1)
        first = self.client.CheckTriggers(user="event", event="task_completed", request_id="r1")
        self.assertEqual((first.fired, first.repeated), (True, False))
        self.restart(kill=True)
        again = self.client.CheckTriggers(user="event", event="task_completed", request_id="r1")
        self.assertEqual((again.fired, again.repeated, again.task.id), (True, True, first.task.id))
        self.assertEqual((again.reason, again.condition), (first.reason, first.condition))
        self.assertEqual(self.condition("event").times_fired, 1)
        self.until_read("event")

    def test_a_manual_trigger_is_counted_and_survives_a_restart(self):
        self.client.RegisterUser(user="manual", conditions=[c.TriggerCondition(kind=c.TRIGGER_KIND_MANUAL)])
        self.ingest("manual", 0, 1)
        task = self.client.TriggerConsolidation(user="manual").task
        self.restart(kill=True)
        self.assertEqual(self.condition("manual").times_fired, 1)
        self.until_read("manual")
        self.assertEqual([each.id for each in self.tasks("manual")], [task.id])

    def test_a_paused_tenant_waits_and_loses_nothing(self):
        self.command("tenant", "set", "--pause")
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=1)
        self.client.RegisterUser(user="paused", conditions=[quota])
        self.assertEqual(len(self.ingest("paused", 0, 1).fired), 0)
        task = self.client.TriggerConsolidation(user="paused").task
        self.restart(kill=False)
        self.assertEqual(self.client.GetTask(task_id=task.id).state, wire.consolidation.TASK_STATE_WAITING)
        shown = json.loads(self.command("tenant", "set", "--resume", "--json").stdout)
        self.assertFalse(shown["paused"])
        self.until_read("paused")

    def test_runs_of_many_idle_users_have_reports_as_those_of_few(self):
        self.daemon.arguments = []
        self.restart(kill=False)
        users = [f"idle-{n}" for n in range(150)]
        self.client.PutTenant(settings=wire.consolidation.TenantSettings(paused=True, weight=1))
        asked = {}
        for user in users:
            self.client.RegisterUser(user=user, no_conditions=True)
            asked[user] = self.client.TriggerConsolidation(user=user, reason=f"night of {user}").task
        self.client.PutTenant(settings=wire.consolidation.TenantSettings(weight=1))
        waiting = [wire.consolidation.TASK_STATE_WAITING, wire.consolidation.TASK_STATE_RUNNING]
        daemon.eventually(lambda: not self.client.ListTasks(states=waiting).tasks, "the queue to be empty")
        in_bulk = 0
        for user, task in asked.items():
            done = self.client.GetTask(task_id=task.id)
            self.assertEqual((done.state, done.attempt), (wire.consolidation.TASK_STATE_DONE, 1))
            report = self.client.GetReport(task_id=task.id)
            self.assertEqual((report.run_id, report.task_id, report.user), (done.run_id, task.id, user))
            self.assertEqual((report.trigger, list(report.reasons)), (c.TRIGGER_KIND_MANUAL, [f"night of {user}"]))
            self.assertEqual((report.succeeded, report.attempt, report.sampled), (True, 1, 0))
            self.assertTrue(report.extractor.startswith("builtin/"))
            if done.run_id == task.id:
                in_bulk += 1
                self.assertEqual((report.started_at, report.finished_at), (done.started_at, done.finished_at))
            (listed,) = self.client.ListReports(user=user).reports
            self.assertEqual((listed.run_id, listed.trigger), (report.run_id, report.trigger))
            self.assertEqual(self.client.GetReport(run_id=report.run_id), report)
        # What waits beyond the workers' room goes together.
        self.assertGreater(in_bulk, len(users) // 2)

    def test_the_command_line_sets_and_shows_a_tenants_settings(self):
        changed = ["--tenant", "acme", "--weight", "2.5", "--max-waiting", "9", "--window", "22:00-06:30", "--json"]
        self.command("tenant", "set", *changed)
        self.command("tenant", "set", "--tenant", "acme", "--pause")
        shown = json.loads(self.command("tenant", "get", "--tenant", "acme", "--json").stdout)
        self.assertEqual((shown["paused"], shown["weight"]), (True, 2.5))
        self.assertIn("from 22:00 to 06:30 UTC", self.command("tenant", "get", "--tenant", "acme").stdout)
        self.command("tenant", "set", "--tenant", "acme", "--no-window")
        self.assertIn("any time", self.command("tenant", "get", "--tenant", "acme").stdout)
        for bad in ("22-6", "24:00-01:00", "22:00", "1:00-2:00-3:00", "05:00-05:00"):
            self.assertIn("window", self.command("tenant", "set", "--window", bad, code=1).stderr)
        self.assertIn("weight", self.command("tenant", "set", "--weight", "0", code=1).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
