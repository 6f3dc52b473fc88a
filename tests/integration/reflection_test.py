#!/usr/bin/env python3
"""A client that has no .proto file of ours asks the server what it can do, and calls every unary RPC."""

import unittest

import grpc
from google.protobuf import json_format
from support import daemon, wire
from support.reflected import Reflected

OURS = ("slowwave.v1.ConsolidationService", "slowwave.v1.MemoryService")


class ReflectionClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon()
        cls.daemon.start()
        cls.channel = grpc.insecure_channel(cls.daemon.address)
        cls.reflected = Reflected(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.daemon.__exit__()

    def test_lists_the_services(self):
        services = self.reflected.services()
        for expected in (*OURS, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"):
            self.assertIn(expected, services)

    def test_says_what_it_does_not_know(self):
        answer = self.reflected.ask(file_containing_symbol="slowwave.v1.NoSuchThing")
        self.assertEqual(answer.error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])

    def test_the_descriptors_are_those_of_the_proto_files(self):
        for service in OURS:
            methods = self.reflected.methods(service)
            expected = {name: m for (of, name), m in wire.METHODS.items() if service.endswith("." + of)}
            self.assertEqual(sorted(methods), sorted(expected))
            for name, method in methods.items():
                with self.subTest(name):
                    self.assertEqual(method.path, expected[name].path)
                    self.assertEqual(
                        [field.name for field in method.request_descriptor.fields],
                        [field.name for field in expected[name].request_descriptor.fields],
                    )

    def test_every_unary_rpc_answers_a_client_made_from_descriptors(self):
        methods = {name: m for service in OURS for name, m in self.reflected.methods(service).items()}
        called = set()

        def call(name, **fields):
            method = methods[name]
            request = json_format.ParseDict(fields, method.request())
            answer = method.invoker(self.channel)(request, timeout=60)
            called.add(name)
            return json_format.MessageToDict(answer, including_default_value_fields=True)

        def refused(name, **fields):
            with self.assertRaises(grpc.RpcError) as caught:
                call(name, **fields)
            called.add(name)
            return caught.exception.code()

        who = {"user": "reflected"}
        self.assertEqual(call("RegisterUser", **who)["user"], "reflected")
        results = call(
            "IngestEpisodes",
            **who,
            episodes=[
                {"id": "e1", "speaker": "Nils", "text": "I live in Bern.", "occurredAt": "2024-01-02T10:00:00Z"},
                {"id": "e2", "speaker": "Nils", "text": "I moved to Riga.", "occurredAt": "2024-04-02T10:00:00Z"},
            ],
        )["results"]
        self.assertEqual([result["status"] for result in results], ["INGEST_STATUS_STORED"] * 2)
        task = call("TriggerConsolidation", **who)["task"]
        task = daemon.eventually(
            lambda: (lambda now: now if now["state"] == "TASK_STATE_DONE" else None)(call("GetTask", taskId=task["id"])),
            "the task to be done",
        )
        self.assertEqual(call("GetUser", **who)["pending"], "0")
        facts = call("ListFacts", **who, history=True)["facts"]
        homes = [(fact["value"], fact["current"]) for fact in facts if fact["key"] == "nils:location:current_city"]
        self.assertEqual(homes, [("Bern", False), ("Riga", True)])
        self.assertEqual(facts[0]["evidence"][0]["episodeId"], "e1")
        self.assertEqual(len(call("GetFact", **who, key="nils:location:current_city")["history"]), 2)
        self.assertTrue(call("GetEpisode", **who, episodeId="e1")["cited"])
        self.assertEqual(len(call("ListEpisodes", **who)["episodes"]), 2)
        report = call("GetReport", taskId=task["id"])
        self.assertEqual(report["sampled"], "2")
        self.assertEqual(call("ReplayRun", runId=report["runId"])["differences"], [])
        self.assertEqual(len(call("ListReports", **who)["reports"]), 1)
        self.assertEqual([each["id"] for each in call("ListTasks", **who)["tasks"]], [task["id"]])
        self.assertFalse(call("CheckTriggers", **who)["fired"])
        self.assertEqual(call("PutTenant", settings={"weight": 2})["weight"], 2)
        self.assertEqual(call("GetTenant")["weight"], 2)
        self.assertTrue(call("VerifyUser", **who)["equal"])
        self.assertEqual(call("ListQuarantine", **who)["gists"], [])
        slot = {"pattern": "*:custom:motto", "category": "CATEGORY_CUSTOM", "cardinality": "CARDINALITY_ONE"}
        self.assertEqual(call("PutSlot", slot=slot)["slot"]["pattern"], "*:custom:motto")
        self.assertIn("*:custom:motto", [each["pattern"] for each in call("ListSlots", pageSize=1000)["slots"]])
        self.assertEqual(refused("CancelTask", taskId=task["id"]), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(refused("RetryTask", taskId=task["id"]), grpc.StatusCode.FAILED_PRECONDITION)
        for _, name in sorted(wire.LATER):
            self.assertEqual(refused(name), grpc.StatusCode.UNIMPLEMENTED)

        unary = {name for name, method in methods.items() if not (method.client_streams or method.server_streams)}
        self.assertEqual(sorted(unary - called), [])

    def test_health_can_be_watched(self):
        watch = self.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=wire.health.HealthCheckRequest.SerializeToString,
            response_deserializer=wire.health.HealthCheckResponse.FromString,
        )
        stream = watch(wire.health.HealthCheckRequest(), timeout=60)
        self.assertEqual(next(stream).status, wire.health.HealthCheckResponse.SERVING)
        stream.cancel()


if __name__ == "__main__":
    unittest.main()
