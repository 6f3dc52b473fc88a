#!/usr/bin/env python3
"""A caller's trace goes with the task it asks for: to the endpoints, into the log and into the report."""

import json
import re
import secrets
import unittest

from support import daemon, endpoint_case, wire

USER = "iris"
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")
c = wire.common


def made_up(sampled=True):
    """(trace id, header)"""
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    return trace, f"00-{trace}-{parent}-{'01' if sampled else '00'}"


def episodes(count=6, first=0):
    return [
        wire.memory.Episode(id=f"e{n}", text=f"I planted tree number {n}", speaker="Iris", session_id="s", turn=n)
        for n in range(first, first + count)
    ]


class Traces(endpoint_case.EndpointCase):
    USER = USER

    def arguments_for(self, url):
        return [
            *("--llm-base-url", url, "--llm-model", "test", "--llm-retries", "0"),
            *("--embedding-base-url", url, "--embedding-model", "test", "--embedding-retries", "0"),
            *("--log-format", "json"),
        ]

    def episodes(self):
        return episodes()

    def call(self, client, name, header, requests=None, **fields):
        (method,) = [each for each in wire.METHODS.values() if each.name == name]
        request = iter(requests) if method.client_streams else method.request(**fields)
        metadata = [("traceparent", header)] if header is not None else []
        return method.invoker(client.channel)(request, metadata=metadata, timeout=60)

    def headers(self):
        """(trace ids, span ids, flags) that came to the endpoint since the last time."""
        sent, self.endpoint.traceparents = self.endpoint.traceparents, []
        self.assertTrue(sent)
        parts = [TRACEPARENT.fullmatch(header or "") for header in sent]
        self.assertTrue(all(parts), sent)
        return tuple({part[number] for part in parts} for number in (1, 2, 3))

    def lines(self):
        return [json.loads(line) for line in self.daemon.log().splitlines()]

    def test_a_triggers_trace_reaches_both_endpoints_the_log_and_the_report(self):
        client = self.start()
        client.IngestEpisodes(user=USER, episodes=episodes())
        trace, header = made_up()
        task = self.call(client, "TriggerConsolidation", header, user=USER).task
        done = wire.drain(client, task)[0]
        self.assertGreater(self.endpoint.calls, 0)
        self.assertGreater(self.endpoint.embed_calls, 0)
        traces, spans, flags = self.headers()
        self.assertEqual((traces, flags), ({trace}, {"01"}))
        (span,) = spans
        self.assertNotIn(span, header)
        self.assertEqual(client.GetReport(run_id=done.run_id).trace_id, trace)
        # The report is there before the line is.
        (committed,) = daemon.eventually(
            lambda: [line for line in self.lines() if "committed" in line["message"]], "the run to be logged"
        )
        self.assertEqual(
            {name: committed.get(name) for name in ("task_id", "run_id", "trace_id", "span_id")},
            {"task_id": task.id, "run_id": done.run_id, "trace_id": trace, "span_id": span},
        )
        self.assertNotIn("tree number", self.daemon.log())

    def test_what_is_no_trace_is_ignored_and_one_is_made(self):
        client = self.start()
        seen = set()
        bad = (None, "", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", made_up()[1].upper(), made_up()[1] + "-more")
        for number, header in enumerate(bad):
            with self.subTest(header):
                client.IngestEpisodes(user=USER, episodes=episodes(1, first=number))
                done = wire.drain(client, self.call(client, "TriggerConsolidation", header, user=USER).task)[0]
                traces, _, flags = self.headers()
                self.assertEqual(traces, {client.GetReport(run_id=done.run_id).trace_id})
                self.assertEqual(flags, {"00"})
                for trace in traces:
                    self.assertNotIn(trace, header or "")
                seen |= traces
        self.assertEqual(len(seen), len(bad))

    def test_a_trace_outlives_the_daemon_that_took_it(self):
        self.daemon.failpoints = "after_sample=kill"
        client = self.start()
        client.IngestEpisodes(user=USER, episodes=episodes())
        trace, header = made_up(sampled=False)
        task = self.call(client, "TriggerConsolidation", header, user=USER).task
        daemon.eventually(lambda: not self.daemon.is_alive(), "the kill")
        self.daemon.failpoints = ""
        wire.drain(self.start(), task)
        traces, _, flags = self.headers()
        self.assertEqual((traces, flags), ({trace}, {"00"}))

    def test_whatever_sets_off_a_task_gives_it_its_trace(self):
        client = self.start()

        def by_event(user, header):
            condition = c.TriggerCondition(kind=c.TRIGGER_KIND_EVENT, events=["done"])
            client.RegisterUser(user=user, conditions=[condition])
            client.IngestEpisodes(user=user, episodes=episodes())
            answer = self.call(client, "CheckTriggers", header, user=user, event="done")
            self.assertTrue(answer.fired)
            return answer.task.id

        def quota(user):
            condition = c.TriggerCondition(kind=c.TRIGGER_KIND_QUOTA, episodes=3)
            condition.cooldown.seconds = 3600
            client.RegisterUser(user=user, conditions=[condition])

        def by_quota(user, header):
            quota(user)
            return self.call(client, "IngestEpisodes", header, user=user, episodes=episodes()).fired[0].task_id

        def by_stream(user, header):
            quota(user)
            (method,) = [each for each in wire.METHODS.values() if each.name == "IngestEpisodeStream"]
            requests = [method.request(user=user, episodes=[episode]) for episode in episodes()]
            return self.call(client, "IngestEpisodeStream", header, requests=requests).fired[0].task_id

        for way in (by_event, by_quota, by_stream):
            with self.subTest(way.__name__):
                trace, header = made_up()
                task_id = way(way.__name__, header)
                wire.drain(client, client.GetTask(task_id=task_id))
                traces, _, _ = self.headers()
                self.assertEqual(traces, {trace})

    def test_lines_of_a_run_carry_its_ids_in_text_too(self):
        self.daemon.arguments[-1] = "text"
        client = self.start()
        done = wire.drain(client, self.sleep(client))[0]
        trace = client.GetReport(run_id=done.run_id).trace_id
        daemon.eventually(lambda: "committed: " in self.daemon.log(), "the run to be logged")
        self.assertRegex(
            self.daemon.log(),
            rf"committed: .* task_id={done.id} run_id={done.run_id} trace_id={trace} span_id=[0-9a-f]{{16}}\n",
        )


if __name__ == "__main__":
    unittest.main()
