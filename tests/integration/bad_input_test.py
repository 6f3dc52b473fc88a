#!/usr/bin/env python3
"""Bad input at every RPC: refused by name, nothing changed, nothing crashed.

Each RPC has good requests in which every field is set. Each field of each of them is then made bad in every way
that its type allows, one at a time. A field that nobody sweeps fails the test.
"""

import math
import unittest

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as Field
from support import daemon, wire
from support.conversation import conversation

m, k = wire.memory, wire.consolidation

MARK = "utf8-goes-here"
NOT_UTF8 = b"\xff\xfe\xc0\xaf\xed\xa0\x80" * 2
assert len(MARK) == len(NOT_UTF8)

EPISODE = {
    "id": "bad",
    "type": "EPISODE_TYPE_EPISODIC_EVENT",
    "text": "I live in Cork.",
    "speaker": "Ines",
    "sessionId": "s1",
    "turn": 1,
    "occurredAt": "2024-05-01T10:00:00Z",
    "origin": "ORIGIN_USER",
    "entities": ["Cork"],
    "embedding": [0.6, 0.8],
    "importance": 0.5,
    "confidence": 0.9,
    "accessCount": 1,
    "metadata": '{"a":1}',
}
GOOD_EPISODE = {**EPISODE, "id": "good"}
SLOT = {
    "pattern": "*:custom:sweep",
    "category": "CATEGORY_CUSTOM",
    "valueType": "VALUE_TYPE_TEXT",
    "cardinality": "CARDINALITY_ONE",
    "temporal": True,
    "aliases": ["*:custom:swept"],
    "description": "d",
}
CONDITIONS = [
    {"kind": "TRIGGER_KIND_SCHEDULED", "interval": "3600s"},
    {"kind": "TRIGGER_KIND_QUOTA", "episodes": 5, "megabytes": 1.5, "cooldown": "60s"},
    {"kind": "TRIGGER_KIND_EVENT", "events": ["task_completed"]},
]
WHO = {"tenant": "default", "user": "sweep"}
PAGE = {"pageSize": 5, "pageToken": MARK}
TASK = {"tenant": "default", "taskId": "TASK"}


def good_requests(task_id, run_id):
    """{(service, method): [request as JSON]}; GetReport takes one id or the other, so it has two."""
    memory = {
        "RegisterUser": [{**WHO, "conditions": CONDITIONS}],
        "GetUser": [WHO],
        "IngestEpisodes": [{**WHO, "episodes": [GOOD_EPISODE, EPISODE]}],
        "IngestEpisodeStream": [{**WHO, "episodes": [GOOD_EPISODE, EPISODE]}],
        "GetEpisode": [{**WHO, "episodeId": "good"}],
        "ListEpisodes": [{**WHO, **PAGE}],
        "ListFacts": [
            {
                **WHO,
                **PAGE,
                "subject": "ines",
                "category": "location",
                "key": "ines:location:current_city",
                "asOf": "2024-05-01T10:00:00Z",
            }
        ],
        "GetFact": [{**WHO, "key": "ines:location:current_city", "asOf": "2024-05-01T10:00:00Z"}],
        "ListQuarantine": [{**WHO, **PAGE}],
        "PutSlot": [{"tenant": "default", "slot": SLOT}],
        "ListSlots": [{"tenant": "default", **PAGE}],
        "ExportUser": [WHO],
        "ImportUser": [{**WHO, "records": [{"episode": GOOD_EPISODE}, {"episode": EPISODE}]}],
        "VerifyUser": [WHO],
    }
    task = {"tenant": "default", "taskId": task_id}
    consolidation = {
        "TriggerConsolidation": [
            {
                **WHO,
                "reason": "r",
                "priority": 1,
                "requestId": "q",
                "episodeLimit": 5,
                "timeWindow": {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"},
                "setStatus": "EPISODE_STATUS_ARCHIVED",
            }
        ],
        "CheckTriggers": [{**WHO, "episodeCount": 1, "memorySizeMb": 0.5, "event": "e", "requestId": "q"}],
        "GetReport": [task, {"tenant": "default", "runId": run_id}],
        "ReplayRun": [{"tenant": "default", "run_id": "r"}],
        "ListReports": [{**WHO, **PAGE}],
        "WatchTask": [task],
        "GetTask": [task],
        "ListTasks": [{**WHO, **PAGE, "states": ["TASK_STATE_DONE"]}],
        "CancelTask": [task],
        "RetryTask": [task],
        "GetTenant": [{"tenant": "default"}],
        "PutTenant": [
            {
                "tenant": "default",
                "settings": {"weight": 1.5, "maxWaiting": 900, "windowFrom": "3600s", "windowTo": "7200s"},
            }
        ],
    }
    return {
        **{("MemoryService", name): requests for name, requests in memory.items()},
        **{("ConsolidationService", name): requests for name, requests in consolidation.items()},
    }


# Set by the server, ignored in requests; true or false is never bad; what an export says of itself is not needed.
NOT_SWEPT = {"last_fired", "next_due", "times_fired", "builtin", "header", "records.slot"}
REQUIRED = {
    "user": {"ListTasks", "ImportUser"},  # but not in these
    "task_id": {"GetReport"},
    "episode_id": set(),
    "key": {"ListFacts"},
    "pattern": set(),
    "text": set(),
}
# Free text that may be of any size up to here is fine; this is over every limit.
OVERSIZE = "x" * 70_000
BAD_NUMBERS = {
    "page_size": [-1, 1001, -(2**31), 2**31 - 1],
    "episode_limit": [-1, 20_001, -(2**31)],
    "priority": [-1001, 1001],
    "turn": [-1, -(2**31)],
    "access_count": [-1, -(2**63)],
    "episodes": [0, -1, -(2**63)],
    "episode_count": [-1, -(2**63)],
    "megabytes": [0.0, -1.0, math.nan, math.inf, -math.inf],
    "weight": [0.0, -1.0, 1000.5, math.nan, math.inf, -math.inf],
    "max_waiting": [-1, -(2**31)],
    "memory_size_mb": [-1.0, math.nan, math.inf, -math.inf],
    "importance": [-0.1, 1.1, math.nan, math.inf],
    "confidence": [-0.1, 1.1, math.nan, -math.inf],
}
BAD_TIMES = [(-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (2**62, 0), (-(2**63), 0)]
BAD_SPANS = [(-1, 0), (367 * 86_400, 0), (1, -1), (0, 1_000_000_000), (2**62, 0)]
BAD_VECTORS = [[math.nan, 1.0], [math.inf, 1.0], [0.0, 0.0], [0.6, 0.8, 0.1], [0.1] * 8193]
BAD_METADATA = ["not json", "[1]", '{"a":1,"a":2}', '{"a":' * 40 + "1" + "}" * 40, '{"a":"\\u0000"}', '{"a":1} x']
UNSPECIFIED_IS_BAD = {"kind", "category", "cardinality"}
BAD_LISTS = {
    "conditions": [33],
    "entities": [257],
    "events": [65],
    "aliases": [257],
}


def leaves(message, path=()):
    """Paths to every leaf that is set: ((field, index or None), ...). A Timestamp, say, is a leaf."""
    for field, value in message.ListFields():
        if field.name in NOT_SWEPT:
            continue
        is_list = field.label == Field.LABEL_REPEATED
        if is_list and field.name == "embedding":
            yield path + ((field, None),)
            continue
        for index, item in enumerate(value) if is_list else [(None, value)]:
            here = path + ((field, index),)
            if field.type == Field.TYPE_MESSAGE and not field.message_type.full_name.startswith("google."):
                yield from leaves(item, here)
            else:
                yield here


def name_of(path):
    return ".".join(field.name if index is None else f"{field.name}[{index}]" for field, index in path)


def changed(message, path, change):
    """A copy in which `change(holder, field, index)` was done to the leaf."""
    result = type(message)()
    result.CopyFrom(message)
    holder = result
    for field, index in path[:-1]:
        holder = getattr(holder, field.name)
        if index is not None:
            holder = holder[index]
    change(holder, *path[-1])
    return result


def assign(value):
    def change(holder, field, index):
        if index is None:
            setattr(holder, field.name, value)
        else:
            getattr(holder, field.name)[index] = value

    return change


def assign_list(values):
    def change(holder, field, index):
        del getattr(holder, field.name)[:]
        getattr(holder, field.name).extend(values)

    return change


def assign_seconds(seconds, nanos):
    def change(holder, field, index):
        target = getattr(holder, field.name)
        target.seconds, target.nanos = seconds, nanos

    return change


def bad_versions(request, path, method):
    """(what was done, the request's bytes) for every way in which this leaf can be bad."""
    field, index = path[-1]

    def with_change(what, change):
        return what, changed(request, path, change).SerializeToString()

    if field.name == "embedding":
        for number, values in enumerate(BAD_VECTORS):
            yield with_change(f"vector {number}", assign_list(values))
    elif field.type == Field.TYPE_STRING:
        yield with_change("NUL", assign("a\0b"))
        yield with_change("oversize", assign(OVERSIZE))
        what, marked = with_change("not UTF-8", assign(MARK))
        start = marked.rindex(MARK.encode()) if field.name == "page_token" else marked.index(MARK.encode())
        yield what, marked[:start] + NOT_UTF8 + marked[start + len(NOT_UTF8) :]
        if field.name == "page_token":
            yield with_change("not ours", assign("not a token"))
        elif field.name in REQUIRED and method.name not in REQUIRED[field.name]:
            yield with_change("empty", assign(""))
        if field.name == "text":
            yield with_change("white space", assign(" \n\t"))
        if field.name == "metadata":
            for number, text in enumerate(BAD_METADATA):
                yield with_change(f"metadata {number}", assign(text))
        if field.name == "pattern":
            yield with_change("no key", assign("no key at all"))
        if index is not None and field.name in BAD_LISTS:
            for count in BAD_LISTS[field.name]:
                yield with_change(f"{count} of them", assign_list([f"*:custom:n{n}" for n in range(count)]))
    elif field.type == Field.TYPE_ENUM:
        for number in (99, -1, 2**31 - 1):
            yield with_change(f"enum {number}", assign(number))
        if field.name in UNSPECIFIED_IS_BAD:
            yield with_change("unspecified", assign(0))
    elif field.type == Field.TYPE_MESSAGE and field.message_type.name == "Timestamp":
        for bad in BAD_TIMES:
            yield with_change(f"time {bad}", assign_seconds(*bad))
    elif field.type == Field.TYPE_MESSAGE and field.message_type.name == "Duration":
        for bad in BAD_SPANS:
            yield with_change(f"span {bad}", assign_seconds(*bad))
    elif field.type == Field.TYPE_BOOL:
        return
    else:
        for number in BAD_NUMBERS[field.name]:
            yield with_change(str(number), assign(number))


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon()
        cls.daemon.start()
        cls.client = wire.Client(cls.daemon.address)
        good = json_format.ParseDict(GOOD_EPISODE, m.Episode())
        cls.client.IngestEpisodes(user="sweep", episodes=[good, *conversation(31, 40)])
        tasks = wire.drain(cls.client, cls.client.TriggerConsolidation(user="sweep").task)
        cls.good = good_requests(tasks[0].id, tasks[0].run_id)

    @classmethod
    def tearDownClass(cls):
        cls.client.__exit__()
        cls.daemon.__exit__()

    def state(self):
        slots = list(wire.pages(self.client.ListSlots, "slots"))
        tasks = list(wire.pages(self.client.ListTasks, "tasks"))
        return self.client.GetUser(user="sweep"), slots, tasks

    def expect_refusal(self, key, field_name, data, code=grpc.StatusCode.INVALID_ARGUMENT):
        with self.assertRaises(grpc.RpcError) as caught:
            answer = self.client.raw(key, data)
            self.fail(f"accepted: {str(answer)[:300]}")
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(field_name, caught.exception.details())
        self.assertLess(len(caught.exception.details()), 1000)
        self.assertNotIn("I live in Cork", caught.exception.details())

    def expect_episode_refused(self, key, field_name, data):
        """The good episode beside it is taken (it is there already), the bad one refused by name."""
        answer = self.client.raw(key, data)
        if key[1] == "IngestEpisodes":
            good, bad = answer.results
            self.assertEqual(good.status, m.INGEST_STATUS_EXISTS, good)
        else:
            self.assertEqual((answer.existed, answer.refused, answer.stored), (1, 1, 0), answer)
            (bad,) = answer.problems
        self.assertEqual(bad.status, m.INGEST_STATUS_REFUSED, bad)
        self.assertEqual(bad.index, 1)
        self.assertIn(field_name, bad.reason)
        self.assertNotIn("I live in Cork", bad.reason)

    def test_every_field_of_every_rpc(self):
        self.assertEqual(sorted(wire.WORKING), sorted(self.good))
        count = 0
        for key, requests in sorted(self.good.items()):
            before = self.state()
            method = wire.METHODS[key]
            for fields in requests:
                request = json_format.ParseDict(fields, method.request())
                for path in leaves(request):
                    in_good_neighbour = any(f.name in ("episodes", "records") and i == 0 for f, i in path)
                    if in_good_neighbour:
                        continue
                    in_episode = any(i == 1 and f.name in ("episodes", "records") for f, i in path)
                    for what, data in bad_versions(request, path, method):
                        with self.subTest(rpc=key[1], field=name_of(path), what=what):
                            count += 1
                            if in_episode:
                                self.expect_episode_refused(key, path[-1][0].name, data)
                            else:
                                self.expect_refusal(key, path[-1][0].name, data)
            with self.subTest(rpc=key[1], what="afterwards"):
                self.assertTrue(self.daemon.is_alive(), self.daemon.log())
                self.assertEqual(self.state(), before)
        self.assertGreater(count, 400)

    def test_every_field_is_swept(self):
        """The good requests leave nothing out that could be bad."""
        never_bad = {Field.TYPE_BOOL}
        for key, requests in sorted(self.good.items()):
            method = wire.METHODS[key]
            swept = set()
            for fields in requests:
                for path in leaves(json_format.ParseDict(fields, method.request())):
                    swept.add(tuple(field.name for field, _ in path))

            def walk(descriptor, path=()):
                for field in descriptor.fields:
                    here = path + (field.name,)
                    if field.name in NOT_SWEPT or ".".join(here) in NOT_SWEPT or field.type in never_bad:
                        continue
                    nested = field.type == Field.TYPE_MESSAGE and not field.message_type.full_name.startswith("google.")
                    if nested:
                        walk(field.message_type, here)
                    else:
                        with self.subTest(rpc=key[1], field=".".join(here)):
                            self.assertIn(here, swept)

            walk(method.request_descriptor)

    def test_lists_that_are_empty_or_too_long(self):
        episode = json_format.ParseDict(GOOD_EPISODE, m.Episode())
        condition = wire.common.TriggerCondition(kind=wire.common.TRIGGER_KIND_EVENT, events=["e"])
        no_events = wire.common.TriggerCondition(kind=wire.common.TRIGGER_KIND_EVENT)
        slot = json_format.ParseDict(SLOT, m.Slot())
        many_aliases = m.Slot()
        many_aliases.CopyFrom(slot)
        many_aliases.aliases.extend(f"*:custom:n{n}" for n in range(257))
        quota = wire.common.TriggerCondition(kind=wire.common.TRIGGER_KIND_QUOTA)
        scheduled = wire.common.TriggerCondition(kind=wire.common.TRIGGER_KIND_SCHEDULED)
        scheduled.interval.seconds = 60
        memory = "MemoryService"
        before = self.state()
        for name, field, request in [
            ("IngestEpisodes", "episodes", m.IngestEpisodesRequest(user="sweep")),
            ("IngestEpisodes", "episodes", m.IngestEpisodesRequest(user="sweep", episodes=[episode] * 1001)),
            ("RegisterUser", "conditions", m.RegisterUserRequest(user="sweep", conditions=[condition] * 33)),
            ("RegisterUser", "events", m.RegisterUserRequest(user="sweep", conditions=[no_events])),
            ("RegisterUser", "episodes", m.RegisterUserRequest(user="sweep", conditions=[quota])),
            ("RegisterUser", "kind", m.RegisterUserRequest(user="sweep", conditions=[scheduled, scheduled])),
            ("RegisterUser", "conditions", m.RegisterUserRequest(user="sweep", conditions=[condition], no_conditions=True)),
            ("PutSlot", "aliases", m.PutSlotRequest(slot=many_aliases)),
            ("PutSlot", "slot", m.PutSlotRequest()),
        ]:
            with self.subTest(rpc=name, field=field):
                self.expect_refusal((memory, name), field, request.SerializeToString())
        self.assertEqual(self.state(), before)

    def test_windows_that_end_before_they_begin(self):
        request = k.TriggerConsolidationRequest(user="sweep")
        getattr(request.time_window, "from").seconds = 100
        request.time_window.to.seconds = 100
        self.expect_refusal(
            ("ConsolidationService", "TriggerConsolidation"), "time_window", request.SerializeToString()
        )

    def test_a_report_is_asked_for_by_one_id(self):
        key = ("ConsolidationService", "GetReport")
        self.expect_refusal(key, "run_id", k.GetReportRequest().SerializeToString())
        self.expect_refusal(key, "run_id", k.GetReportRequest(run_id="a", task_id="b").SerializeToString())

    def test_bytes_that_are_no_message(self):
        before = self.state()
        for key in sorted(wire.WORKING):
            with self.subTest(rpc=key[1]):
                # Field 1, length 200, and nothing behind it.
                with self.assertRaises(grpc.RpcError) as caught:
                    self.client.raw(key, b"\x0a\xc8\x01")
                self.assertIn(
                    caught.exception.code(), (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
                )
        self.assertEqual(self.state(), before)

    def test_a_message_over_the_transport_limit(self):
        request = m.IngestEpisodesRequest(user="sweep", episodes=[m.Episode(text="y" * (5 << 20))])
        self.expect_refusal(
            ("MemoryService", "IngestEpisodes"), "", request.SerializeToString(), grpc.StatusCode.RESOURCE_EXHAUSTED
        )
        self.assertTrue(self.daemon.is_alive())

    def test_a_stream_whose_later_message_names_somebody_else(self):
        first = m.IngestEpisodeStreamRequest(user="sweep", episodes=[json_format.ParseDict(GOOD_EPISODE, m.Episode())])
        second = m.IngestEpisodeStreamRequest(user="somebody-else")
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.raw(
                ("MemoryService", "IngestEpisodeStream"), first.SerializeToString(), second.SerializeToString()
            )
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("user", caught.exception.details())


if __name__ == "__main__":
    unittest.main()
