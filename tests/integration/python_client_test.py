#!/usr/bin/env python3
"""A Python client, knowing nothing but the .proto files, drives every RPC that works."""

import unittest
import urllib.request

import grpc
from support import daemon, wire
from support.conversation import conversation

c, m, k = wire.common, wire.memory, wire.consolidation


def episode(identifier, text, day, **fields):
    result = m.Episode(id=identifier, text=text, speaker="Mara", session_id=f"s-{day}", **fields)
    result.occurred_at.FromJsonString(f"{day}T09:30:00Z")
    return result


MOVES = [
    episode("m1", "I live in Ghent.", "2024-01-10"),
    episode("m2", "I moved to Turku.", "2024-03-05"),
    episode("m3", "Thanks, see you!", "2024-03-06"),
]


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon()
        cls.daemon.start()
        cls.client = wire.Client(cls.daemon.address)

    @classmethod
    def tearDownClass(cls):
        cls.client.__exit__()
        cls.daemon.__exit__()

    def sleep(self, user):
        return wire.drain(self.client, self.client.TriggerConsolidation(user=user, reason="by hand").task)

    def refused(self, code, call, **fields):
        with self.assertRaises(grpc.RpcError) as caught:
            call(**fields)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception.details()

    def test_registers_a_user_with_defaults_and_with_its_own_conditions(self):
        user = self.client.RegisterUser(user="registered")
        self.assertEqual((user.tenant, user.user, user.episodes), ("default", "registered", 0))
        self.assertEqual(
            {condition.kind for condition in user.conditions} - {c.TRIGGER_KIND_MANUAL},
            {c.TRIGGER_KIND_SCHEDULED, c.TRIGGER_KIND_QUOTA},
        )
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=7)
        quota.cooldown.seconds = 60
        event = c.TriggerCondition(kind=c.TRIGGER_KIND_EVENT, events=["task_completed"])
        self.client.RegisterUser(user="registered", conditions=[quota, event])
        kept = self.client.GetUser(user="registered").conditions
        self.assertEqual([condition.kind for condition in kept], [c.TRIGGER_KIND_QUOTA, c.TRIGGER_KIND_EVENT])
        self.assertEqual((kept[0].episodes, kept[0].cooldown.seconds), (7, 60))
        self.assertEqual(list(kept[1].events), ["task_completed"])

    def test_keeps_episodes_word_for_word_and_says_what_it_had(self):
        sent = m.Episode(
            id="whole",
            type=c.EPISODE_TYPE_PREFERENCE,
            text="Grüße! I love ceramics 🏺.",
            speaker="Mara",
            session_id="s1",
            turn=4,
            origin=c.ORIGIN_ASSISTANT,
            entities=["ceramics"],
            embedding=[0.6, 0.8],
            importance=0.75,
            confidence=0.5,
            access_count=3,
            metadata='{"a":1}',
        )
        sent.occurred_at.FromJsonString("2024-02-29T23:59:59.123456Z")
        first = self.client.IngestEpisodes(user="words", episodes=[sent])
        self.assertEqual([result.status for result in first.results], [m.INGEST_STATUS_STORED])
        changed = m.Episode()
        changed.CopyFrom(sent)
        changed.text = "something else"
        again = self.client.IngestEpisodes(user="words", episodes=[sent, changed, m.Episode(text="no id")])
        self.assertEqual(
            [result.status for result in again.results],
            [m.INGEST_STATUS_EXISTS, m.INGEST_STATUS_EXISTS_DIFFERENT, m.INGEST_STATUS_STORED],
        )
        self.assertTrue(again.results[2].id)
        stored = self.client.GetEpisode(user="words", episode_id="whole")
        self.assertEqual(stored.episode, sent)
        self.assertTrue(stored.pending)
        self.assertEqual(stored.status, c.EPISODE_STATUS_ACTIVE)

    def test_streams_episodes_in_and_lists_them_page_by_page(self):
        episodes = conversation(11, 120)
        requests = [
            m.IngestEpisodeStreamRequest(user="stream" if start == 0 else "", episodes=episodes[start : start + 50])
            for start in range(0, 120, 50)
        ]
        summary = self.client.IngestEpisodeStream(requests)
        self.assertEqual((summary.stored, summary.existed, summary.refused), (120, 0, 0))
        summary = self.client.IngestEpisodeStream(requests)
        self.assertEqual((summary.stored, summary.existed), (0, 120))
        listed = list(wire.pages(self.client.ListEpisodes, "episodes", user="stream", page_size=7))
        self.assertEqual([stored.episode.id for stored in listed], [sent.id for sent in episodes])

    def test_a_night_of_sleep_gives_dated_facts_with_their_evidence(self):
        self.client.IngestEpisodes(user="mara", episodes=MOVES)
        before = self.client.GetUser(user="mara")
        self.assertEqual((before.episodes, before.pending, before.facts), (3, 3, 0))
        tasks = self.sleep("mara")
        self.assertEqual([task.state for task in tasks], [k.TASK_STATE_DONE])

        after = self.client.GetUser(user="mara")
        self.assertEqual((after.episodes, after.pending), (3, 0))
        self.assertNotEqual(after.digest, before.digest)
        homes = list(
            wire.pages(self.client.ListFacts, "facts", user="mara", key="mara:location:current_city", history=True)
        )
        self.assertEqual([fact.value for fact in homes], ["Ghent", "Turku"])
        ghent, turku = homes
        self.assertEqual(ghent.valid_from.ToJsonString(), "2024-01-10T09:30:00Z")
        self.assertEqual(ghent.valid_to, turku.valid_from)
        self.assertEqual((ghent.current, turku.current), (False, True))
        self.assertEqual([e.episode_id for e in turku.evidence], ["m2"])
        self.assertIn(turku.evidence[0].quote, "I moved to Turku.")
        self.assertEqual((turku.category, turku.subject, turku.trust), (c.CATEGORY_LOCATION, "mara", 3))

        early = m.ListFactsRequest(user="mara", subject="mara", category="location")
        early.as_of.FromJsonString("2024-02-01T00:00:00Z")
        self.assertEqual([fact.value for fact in self.client.ListFacts(early).facts], ["Ghent"])

        detail = self.client.GetFact(user="mara", key="mara:location:current_city")
        self.assertEqual([fact.value for fact in detail.history], ["Ghent", "Turku"])
        self.assertEqual({e.episode_id for a in detail.assertions for e in a.evidence}, {"m1", "m2"})
        self.assertTrue(self.client.VerifyUser(user="mara").equal)

        report = self.client.GetReport(run_id=tasks[0].run_id)
        self.assertEqual(report, self.client.GetReport(task_id=tasks[0].id))
        self.assertTrue(report.succeeded)
        self.assertEqual((report.sampled, report.supported_nothing), (3, 1))
        self.assertEqual([stage.name for stage in report.stages], ["sample", "cluster", "extract", "align", "migrate"])
        self.assertEqual(report.facts_created, len([x for x in report.changes if x.kind == k.CHANGE_KIND_CREATED]))
        self.assertEqual(list(report.reasons), ["by hand"])
        listed = list(wire.pages(self.client.ListReports, "reports", user="mara"))
        self.assertEqual([x.run_id for x in listed], [report.run_id])

        self.sleep("mara")
        self.assertEqual(self.client.GetUser(user="mara").digest, after.digest)

        cited = self.client.GetEpisode(user="mara", episode_id="m1")
        idle = self.client.GetEpisode(user="mara", episode_id="m3")
        self.assertEqual((cited.pending, cited.cited, cited.reviewed_by), (False, True, report.run_id))
        self.assertEqual((idle.pending, idle.cited, idle.reviewed_by), (False, False, report.run_id))

    def test_watching_a_task_shows_each_stage_as_it_happens(self):
        self.client.IngestEpisodes(user="watched", episodes=MOVES)
        task = self.client.TriggerConsolidation(user="watched").task
        events = self.client.WatchTask(task_id=task.id)
        stages = []
        for event in events:
            if event.stage and event.stage not in stages:
                stages.append(event.stage)
        self.assertEqual(stages, ["sample", "cluster", "extract", "align", "migrate"])
        self.assertTrue(all(event.HasField("at") for event in events))
        self.assertEqual(events[-1].task.state, k.TASK_STATE_DONE)
        self.assertEqual(events[-1].task, self.client.GetTask(task_id=task.id))

    def test_the_same_request_id_gives_the_same_task(self):
        self.client.RegisterUser(user="repeat")
        first = self.client.TriggerConsolidation(user="repeat", request_id="r-1", reason="once")
        again = self.client.TriggerConsolidation(user="repeat", request_id="r-1", reason="once")
        self.assertEqual((first.repeated, again.repeated), (False, True))
        self.assertEqual(again.task.id, first.task.id)
        details = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.TriggerConsolidation,
            user="repeat",
            request_id="r-1",
            reason="another",
        )
        self.assertIn("request_id", details)
        tasks = list(wire.pages(self.client.ListTasks, "tasks", user="repeat"))
        self.assertEqual([task.id for task in tasks], [first.task.id])

    def test_a_backlog_drains_by_follow_ups(self):
        episodes = conversation(12, 60)
        self.client.IngestEpisodes(user="backlog", episodes=episodes)
        tasks = wire.drain(self.client, self.client.TriggerConsolidation(user="backlog", episode_limit=25).task)
        self.assertGreaterEqual(len(tasks), 3)
        self.assertEqual(self.client.GetUser(user="backlog").pending, 0)
        reports = wire.pages(self.client.ListReports, "reports", user="backlog", page_size=2)
        self.assertEqual(sum(report.sampled for report in reports), 60)

    def test_a_cancelled_task_runs_again_when_asked(self):
        # Whether the cancel comes before the task has ended is a race that both outcomes of are checked.
        cancelled = ended = 0
        for number in range(200):
            user = f"cancel-{number}"
            self.client.IngestEpisodes(user=user, episodes=conversation(number, 40))
            task = self.client.TriggerConsolidation(user=user).task
            try:
                answer = self.client.CancelTask(task_id=task.id)
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
                self.assertEqual(self.client.GetTask(task_id=task.id).state, k.TASK_STATE_DONE)
                ended += 1
                continue
            self.assertEqual(answer.state, k.TASK_STATE_CANCELLED)
            self.assertEqual(self.client.GetUser(user=user).pending, 40)
            cancelled += 1
            break
        self.assertEqual(cancelled, 1, f"{ended} tasks in a row ended before they could be cancelled")
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.CancelTask, task_id=task.id)
        again = self.client.RetryTask(task_id=task.id).task
        wire.drain(self.client, again)
        self.assertEqual(self.client.GetUser(user=user).pending, 0)
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.RetryTask, task_id=again.id)

    def test_triggers_fire_on_given_and_on_counted_figures(self):
        quota = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=3)
        event = c.TriggerCondition(kind=c.TRIGGER_KIND_EVENT, events=["task_completed"])
        self.client.RegisterUser(user="trigger", conditions=[quota, event])
        quiet = self.client.CheckTriggers(user="trigger")
        self.assertEqual((quiet.fired, quiet.episode_count, quiet.HasField("task")), (False, 0, False))
        named = self.client.CheckTriggers(user="trigger", event="task_completed")
        self.assertTrue(named.fired)
        self.assertEqual(named.task.kind, c.TRIGGER_KIND_EVENT)
        self.assertFalse(self.client.CheckTriggers(user="trigger", event="something_else").fired)
        wire.drain(self.client, named.task)
        given = self.client.CheckTriggers(user="trigger", episode_count=3, memory_size_mb=0.5)
        self.assertTrue(given.fired)
        self.assertEqual(given.condition.times_fired, 1)
        wire.drain(self.client, given.task)
        self.client.RegisterUser(user="trigger", conditions=[quota, event])
        (reached,) = self.client.IngestEpisodes(user="trigger", episodes=MOVES).fired
        self.assertEqual((reached.kind, reached.joined), (c.TRIGGER_KIND_QUOTA, False))
        wire.drain(self.client, self.client.GetTask(task_id=reached.task_id))
        self.assertEqual(self.client.GetUser(user="trigger").conditions[0].times_fired, 2)

    def test_a_tenants_settings_are_kept_and_its_own(self):
        settings = k.TenantSettings(weight=2.5, max_waiting=7)
        settings.window_from.seconds, settings.window_to.seconds = 22 * 3600, 4 * 3600
        self.assertEqual(self.client.PutTenant(tenant="settings", settings=settings), settings)
        self.assertEqual(self.client.GetTenant(tenant="settings"), settings)
        self.assertEqual(self.client.GetTenant(tenant="other"), k.TenantSettings(weight=1))

    def test_a_slot_put_by_an_operator_changes_what_facts_mean(self):
        before = self.client.ListSlots(page_size=1000)
        self.assertIn("*:location:current_city", [slot.pattern for slot in before.slots])
        slot = m.Slot(
            pattern="*:custom:shoe_size",
            category=c.CATEGORY_CUSTOM,
            value_type=c.VALUE_TYPE_NUMBER,
            cardinality=c.CARDINALITY_ONE,
            aliases=["*:attribute:shoe_size"],
            description="EU",
        )
        put = self.client.PutSlot(slot=slot)
        self.assertEqual((put.slot.pattern, put.slot.builtin), (slot.pattern, False))
        self.assertEqual(self.client.PutSlot(slot=slot).version, put.version)
        listed = {slot.pattern: slot for slot in wire.pages(self.client.ListSlots, "slots", page_size=3)}
        self.assertEqual(len(listed), len(before.slots) + 1)
        self.assertEqual(list(listed[slot.pattern].aliases), ["*:attribute:shoe_size"])
        other = [slot.pattern for slot in self.client.ListSlots(tenant="other", page_size=1000).slots]
        self.assertNotIn(slot.pattern, other)

    def test_an_export_brings_a_user_to_another_tenant_with_equal_facts(self):
        self.client.IngestEpisodes(user="export", episodes=MOVES)
        self.sleep("export")
        digest = self.client.GetUser(user="export").digest
        records = self.client.ExportUser(user="export")
        self.assertEqual(records[0].WhichOneof("record"), "header")
        self.assertEqual(records[0].header.digest, digest)
        episodes = [record.episode for record in records if record.WhichOneof("record") == "episode"]
        self.assertEqual(episodes, moves_as_stored(episodes))
        summary = self.client.ImportUser([m.ImportUserRequest(tenant="elsewhere", user="twin", records=records)])
        self.assertEqual((summary.stored, summary.refused), (len(MOVES), 0))
        task = self.client.TriggerConsolidation(tenant="elsewhere", user="twin").task
        wire.drain(self.client, task, tenant="elsewhere")
        self.assertEqual(self.client.GetUser(tenant="elsewhere", user="twin").digest, digest)

    def test_quarantine_is_listed(self):
        self.client.IngestEpisodes(user="quarantine", episodes=conversation(13, 80))
        self.sleep("quarantine")
        gists = list(wire.pages(self.client.ListQuarantine, "gists", user="quarantine", page_size=5))
        self.assertEqual(len(gists), self.client.GetUser(user="quarantine").quarantined)
        self.assertTrue(all(gist.reason and gist.run_id for gist in gists))

    def test_a_run_that_is_read_again_gives_the_same(self):
        self.client.IngestEpisodes(user="again", episodes=MOVES)
        (task,) = self.sleep("again")
        report = self.client.GetReport(run_id=task.run_id)
        replay = self.client.ReplayRun(run_id=task.run_id)
        self.assertEqual((replay.extractor, replay.reader), (report.extractor, report.extractor))
        self.assertGreater(replay.chunks, 0)
        self.assertEqual(replay.replayed_chunks, replay.chunks)
        self.assertEqual(replay.same_assertions, report.assertions)
        self.assertEqual((list(replay.differences), list(replay.problems)), ([], []))
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.ReplayRun, tenant="other", run_id=task.run_id)

    def test_what_is_absent_and_what_is_another_tenants_is_not_found(self):
        self.client.IngestEpisodes(user="private", episodes=MOVES)
        task = self.sleep("private")[0]
        absent = grpc.StatusCode.NOT_FOUND
        self.refused(absent, self.client.GetUser, user="nobody")
        self.refused(absent, self.client.GetUser, tenant="other", user="private")
        self.refused(absent, self.client.GetEpisode, tenant="other", user="private", episode_id="m1")
        self.refused(absent, self.client.GetTask, tenant="other", task_id=task.id)
        self.refused(absent, self.client.CancelTask, tenant="other", task_id=task.id)
        self.refused(absent, self.client.GetReport, tenant="other", run_id=task.run_id)
        self.refused(absent, self.client.WatchTask, tenant="other", task_id=task.id)
        self.refused(absent, self.client.ListFacts, tenant="other", user="private")
        self.refused(absent, self.client.ExportUser, tenant="other", user="private")
        self.refused(absent, self.client.GetFact, user="private", key="mara:preference:nothing")

    def test_what_comes_later_says_so(self):
        for _, name in sorted(wire.LATER):
            with self.subTest(name):
                self.refused(grpc.StatusCode.UNIMPLEMENTED, getattr(self.client, name))

    def test_health_says_serving_for_the_server_and_each_service(self):
        check = self.client.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=wire.health.HealthCheckRequest.SerializeToString,
            response_deserializer=wire.health.HealthCheckResponse.FromString,
        )
        for service in ("", "slowwave.v1.MemoryService", "slowwave.v1.ConsolidationService"):
            with self.subTest(service):
                answer = check(wire.health.HealthCheckRequest(service=service), timeout=30)
                self.assertEqual(answer.status, wire.health.HealthCheckResponse.SERVING)
        with self.assertRaises(grpc.RpcError) as caught:
            check(wire.health.HealthCheckRequest(service="no.such.Service"), timeout=30)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_probes_and_metrics_answer_over_http(self):
        for path, expected in (("/healthz", ""), ("/readyz", ""), ("/metrics", "slowwave_")):
            with self.subTest(path):
                with urllib.request.urlopen(f"http://{self.daemon.http_address}{path}", timeout=30) as answer:
                    self.assertEqual(answer.status, 200)
                    self.assertIn(expected, answer.read().decode())


def moves_as_stored(episodes):
    """MOVES with what the server fills in where the sender said nothing."""
    expected = []
    for sent, stored in zip(MOVES, episodes):
        whole = m.Episode(
            type=c.EPISODE_TYPE_EPISODIC_EVENT, origin=c.ORIGIN_USER, importance=0.5, confidence=0.9
        )
        whole.MergeFrom(sent)
        expected.append(whole)
    return expected


class EveryWorkingRpc(unittest.TestCase):
    def test_was_driven_above(self):
        driven = PythonClient.client.called
        self.assertEqual(sorted(set(wire.WORKING) - driven), [])


def load_tests(loader, tests, pattern):
    return unittest.TestSuite(
        [loader.loadTestsFromTestCase(PythonClient), loader.loadTestsFromTestCase(EveryWorkingRpc)]
    )


if __name__ == "__main__":
    unittest.main()
