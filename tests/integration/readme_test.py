#!/usr/bin/env python3
"""What README.md tells a newcomer to type works, and gives what it says."""

import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest

import grpc
from google.protobuf import json_format
from support import daemon, wire
from support.reflected import Reflected

README = (wire.ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    return re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", README, re.M | re.S).group(2)


def blocks(text):
    return re.findall(r"^```\n(.*?)^```", text, re.M | re.S)


TOUR, OVER_GRPC = section("The first quarter of an hour").split("### The same over gRPC")


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon()
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def type_in(self, block, folder):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        environment["SLOWWAVE_ADDRESS"] = self.daemon.address
        script = block.replace("build/slowwave", shlex.quote(daemon.binary())).replace("/tmp/tour", f"{folder}/tour")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=environment, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_the_tour(self):
        with tempfile.TemporaryDirectory() as folder:
            serve, bring, sleep, earlier, sound, late, itself, tenants = blocks(TOUR)
            self.assertIn(" serve ", serve)
            self.assertIn("4", self.type_in(bring, folder))
            found = self.type_in(sleep, folder)
            for words in ("Turku", "Ghent", "translator", "I moved to Turku"):
                self.assertIn(words, found)
            self.assertNotIn("talk to you soon", found)
            self.assertIn("Ghent", self.type_in(earlier, folder))
            self.assertIn("t4", self.type_in(sound, folder))
            with wire.Client(self.daemon.address) as client:
                before = client.ListFacts(user="ada", key="ada:location:current_city", history=True).facts
                self.type_in(late, folder)
                after = client.ListFacts(user="ada", key="ada:location:current_city", history=True).facts
            self.assertEqual([fact.value for fact in before], ["Ghent", "Turku"])
            self.assertEqual([fact.value for fact in after], ["Ghent", "Cork", "Turku"])
            self.assertLess(after[0].valid_to.seconds, before[0].valid_to.seconds)
            self.assertIn("fired: event: task_completed", self.type_in(itself, folder))
            self.assertIn("from 22:00 to 06:30 UTC", self.type_in(tenants, folder))

    def test_the_calls_by_reflection(self):
        (block,) = blocks(OVER_GRPC)
        calls = re.findall(r"grpcurl -plaintext(?: -d '(.*?)')?[\s\\]+127\.0\.0\.1:50051 (\S+)/(\w+)", block, re.S)
        self.assertEqual(len(calls), block.count("grpcurl") - 2)  # list and describe
        task = None
        with grpc.insecure_channel(self.daemon.address) as channel:
            reflected = Reflected(channel)
            for data, service, name in calls:
                with self.subTest(name):
                    if service == "grpc.health.v1.Health":
                        continue
                    method = reflected.methods(service)[name]
                    request = json_format.ParseDict(
                        json.loads(data.replace("THE ID IT GAVE", task or "")), method.request()
                    )
                    answer = method.invoker(channel)(request, timeout=120)
                    if method.server_streams:
                        answer = list(answer)[-1]
                    printed = json_format.MessageToJson(answer)
                    if name == "TriggerConsolidation":
                        task = answer.task.id
                    if name == "ListFacts":
                        self.assertIn("Riga", printed)
                        self.assertIn("I live in Bern", printed)

    def test_the_table_of_keys_is_that_of_the_binary(self):
        told = set(re.findall(r"^\| `([a-z_.]+)` \|", section("Configuration"), re.M))
        flags = {"--" + key.replace(".", "-").replace("_", "-") for key in told}
        known = subprocess.run([daemon.binary(), "serve", "--help"], capture_output=True, text=True, check=True).stdout
        offered = set(re.findall(r"^\s+(?:-\w,\s*)?(--[a-z-]+)", known, re.M))
        self.assertEqual(flags, offered - {"--help", "--config", "--ready-file"})


if __name__ == "__main__":
    unittest.main()
