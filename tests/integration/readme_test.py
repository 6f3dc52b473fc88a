#!/usr/bin/env python3
"""What README.md tells a newcomer to type works as it is written, and gives what it says."""

import re
import unittest

from support import daemon, documents, postgres, wire

README = documents.text_of("README.md")


def blocks(title):
    return documents.blocks(documents.section(README, title))


def tour():
    """The commands that start the daemon, those that follow, and those over gRPC."""
    by_command_line, over_grpc = documents.section(README, "The first quarter of an hour").split("### The same over gRPC")
    serve, *rest = documents.blocks(by_command_line)
    (calls,) = documents.blocks(over_grpc)
    return serve, rest, calls


class Tour(unittest.TestCase):
    def setUp(self):
        self.clone = self.enterContext(documents.Clone())
        self.serve, self.rest, self.calls = tour()
        self.served = self.enterContext(documents.Served(self.clone, self.serve))
        self.clone.replace.update(documents.addresses(self.served))

    def type_in(self, block):
        return self.clone.run(block, SLOWWAVE_ADDRESS=self.served.address)

    def test_the_tour(self):
        bring, sleep, earlier, sound, late, itself, tenants = self.rest
        self.assertIn("4 lines for user ada: 4 taken", self.type_in(bring))
        found = self.type_in(sleep)
        for words in ("Turku", "Ghent", "translator", "I moved to Turku"):
            self.assertIn(words, found)
        self.assertNotIn("talk to you soon", found)
        self.assertIn("Ghent", self.type_in(earlier))
        self.assertIn("t4", self.type_in(sound))
        with wire.Client(self.served.address) as client:
            before = client.ListFacts(user="ada", key="ada:location:current_city", history=True).facts
            self.type_in(late)
            after = client.ListFacts(user="ada", key="ada:location:current_city", history=True).facts
        self.assertEqual([fact.value for fact in before], ["Ghent", "Turku"])
        self.assertEqual([fact.value for fact in after], ["Ghent", "Cork", "Turku"])
        self.assertLess(after[0].valid_to.seconds, before[0].valid_to.seconds)
        self.assertIn("fired: event: task_completed", self.type_in(itself))
        self.assertIn("from 22:00 to 06:30 UTC", self.type_in(tenants))
        # Nothing is stored twice.
        self.assertIn("4 had already", self.type_in(bring))

    def test_the_same_over_grpc(self):
        printed = self.type_in(self.calls)
        self.assertEqual(self.calls.count("grpcurl"), len(re.findall(r"slowwave\.v1\.\w+/\w+", self.calls)) + 2)
        for words in ("slowwave.v1.MemoryService\n", "rpc IngestEpisodes", '"status": "INGEST_STATUS_STORED"',
                      '"state": "TASK_STATE_DONE"', '"value": "Riga"', '"quote": "I live in Bern', '"sampled": "2"',
                      '"reason": '):  # fmt: skip
            self.assertIn(words, printed)


class Elsewhere(unittest.TestCase):
    def test_postgres(self):
        (block,) = blocks("Postgres")
        *prepare, serve = block.splitlines()
        server = postgres.shared()
        url = server.new_database()
        clone = self.enterContext(documents.Clone({
            "postgres://owner@db/memory": url,
            "postgres://slowwave_service@db/memory": url.replace("//slowwave@", "//slowwave_service@"),
            "-d memory ": f"-d {url} ",
        }))  # fmt: skip
        clone.run("\n".join(prepare))
        with documents.Served(clone, serve) as served, wire.Client(served.address) as client:
            self.assertEqual(client.RegisterUser(user="ada").user, "ada")
        self.assertEqual(server.sql("SELECT user_id FROM slowwave.user_state", url), [["ada"]])

    def test_who_may_call(self):
        block = blocks("Who may call")[0]
        make, serve, ask = block.splitlines()
        clone = self.enterContext(documents.Clone())
        clone.run("""openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout server.key -out server.pem
cp server.pem ca.pem""")
        clone.run(make)
        with documents.Served(clone, serve) as served:
            clone.replace["memory.example:50051"] = served.address.replace("127.0.0.1", "localhost")
            # Let in, and nobody is there yet.
            with self.assertRaisesRegex(AssertionError, "no such user"):
                clone.run(ask)
            clone.run("echo wrong >chat.token")
            with self.assertRaisesRegex(AssertionError, "token"):
                clone.run(ask)


if __name__ == "__main__":
    unittest.main()
