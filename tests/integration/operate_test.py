#!/usr/bin/env python3
"""What deploy/OPERATE.md tells an operator to type works, and what it quotes is what the program says."""

import json
import re
import unittest

from support import daemon, documents, postgres, wire

DOCUMENT = documents.text_of("deploy/OPERATE.md")
SAMPLE = "server/demo/sample_memory.jsonl"
(MADE_BEFORE,) = documents.blocks(documents.text_of("deploy/README.md"), "sql")
ROLES = {"slowwave_owner", "slowwave_service", "slowwave_discovery", "slowwave_read_owner", "slowwave_reader"}
LATER = """echo '{"id": "late", "speaker": "Zoe", "text": "I live in Turku."}' |
build/slowwave import --user ada -
build/slowwave trigger --user ada --until-drained"""


def commands(title):
    """The blocks under a heading: those to type, and those that start a daemon."""
    part = documents.section(DOCUMENT, title)
    return documents.blocks(part, "sh"), documents.blocks(part)


class Operate(unittest.TestCase):
    def setUp(self):
        self.server = postgres.shared()
        self.clone = self.enterContext(documents.Clone())
        self.urls = {"DATABASE_URL": self.server.new_database(), "RESTORED_URL": self.server.new_database()}

    def type_in(self, block, **environment):
        return self.clone.run(block, **self.urls, **environment)

    def consolidate(self, served):
        """A user with facts; its digest."""
        self.clone.run(f"""build/slowwave import --user ada {SAMPLE}
build/slowwave trigger --user ada --until-drained""", SLOWWAVE_ADDRESS=served.address)
        return self.digest(served)

    def digest(self, served):
        with wire.Client(served.address) as client:
            verified = client.VerifyUser(user="ada")
            self.assertTrue(verified.equal)
            self.assertGreater(verified.facts, 20)
            return client.GetUser(user="ada").digest

    def test_install(self):
        (configure, ready), (serve,) = commands("Install")
        with documents.Served(self.clone, serve, before=configure, **self.urls) as served:
            self.clone.replace.update(documents.addresses(served))
            self.type_in(ready)
            lines = [json.loads(line) for line in served.log().splitlines()]
            self.assertTrue(any("serving on" in json.dumps(line) for line in lines))

    def test_upgrade(self):
        (block,), _ = commands("Upgrade")
        printed = self.type_in(block)
        self.assertIn("outstanding", printed.splitlines()[0])
        self.assertRegex(printed.splitlines()[-1], "applied")
        url = self.urls["DATABASE_URL"].replace("//slowwave@", "//slowwave_service@")
        with daemon.Daemon(store_url=url, arguments=["--store-migrate", "check"]) as served:
            self.consolidate(served)
            # Again, while a daemon works.
            self.type_in(block)
            self.digest(served)

    def another_server(self):
        """With the database and the roles that an operator is told to make."""
        server = self.enterContext(postgres.Postgres())
        server.run(MADE_BEFORE)
        return server

    def test_backup_and_restore_of_postgres(self):
        (dump, restore, _), _ = commands("Backup and restore")
        server = self.another_server()
        self.urls["DATABASE_URL"] = server.url("memory").replace("slowwave@", "slowwave_owner@")
        (upgrade,), _ = commands("Upgrade")
        self.type_in(upgrade)
        url = server.url("memory").replace("slowwave@", "slowwave_service@")
        with daemon.Daemon(store_url=url, arguments=["--store-migrate", "check"]) as served:
            before = self.consolidate(served)
            self.type_in(dump)
            self.clone.run(LATER, SLOWWAVE_ADDRESS=served.address)
            self.assertNotEqual(self.digest(served), before)
        # Back under the owner's name, and under another, who has no more rights.
        for owner in ("slowwave_owner", "heir"):
            with self.subTest(owner):
                elsewhere = self.another_server()
                self.urls["RESTORED_URL"] = elsewhere.new_owned_database(owner)
                self.type_in(restore)
                if owner != "slowwave_owner":
                    elsewhere.run("DROP DATABASE memory; DROP ROLE slowwave_owner;")
                seen = "SET slowwave.across = 'on'; SELECT count(*) > 0 FROM slowwave.episode"
                self.assertEqual(elsewhere.sql(seen, self.urls["RESTORED_URL"]), [["t"]])
                url = self.urls["RESTORED_URL"].replace(f"//{owner}@", "//slowwave_service@")
                self.assertEqual(elsewhere.sql("SELECT count(*) FROM slowwave.episode", url), [["0"]])
                with daemon.Daemon(store_url=url, arguments=["--store-migrate", "check"]) as served:
                    self.assertEqual(self.digest(served), before)
                    # And it goes on from there.
                    self.clone.run(LATER, SLOWWAVE_ADDRESS=served.address)
                    self.assertNotEqual(self.digest(served), before)

    def test_backup_of_the_embedded_store(self):
        (_, _, block), _ = commands("Backup and restore")
        path = self.clone.folder / "tmp" / "slowwave-tour" / "slowwave.db"
        path.parent.mkdir()
        with daemon.Daemon(store_url=f"sqlite:{path}") as served:
            before = self.consolidate(served)
            self.type_in(block)
            self.digest(served)
        backup = self.clone.folder / "tmp" / "slowwave-backup.db"
        with daemon.Daemon(store_url=f"sqlite:{backup}") as served:
            self.assertEqual(self.digest(served), before)

    def test_scale_out(self):
        _, (serve,) = commands("Scale out")
        with daemon.Daemon(store_url=self.urls["DATABASE_URL"]) as first:
            before = self.consolidate(first)
            with documents.Served(self.clone, serve, **self.urls) as second:
                self.assertNotEqual(second.address, first.address)
                self.assertEqual(self.digest(second), before)

    def test_what_it_quotes_is_what_the_program_says(self):
        sources = "".join(
            path.read_text(encoding="utf-8")
            for folder in ("core", "server", "storage")
            for path in sorted((wire.ROOT / folder).rglob("*.cc"))
        )
        # As the compiler joins them.
        sources = re.sub(r'"\s+"', "", sources)
        table = documents.section(DOCUMENT, "When something is wrong")
        rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")][2:]
        self.assertGreater(len(rows), 15)
        quoted = [quote for row in rows for quote in re.findall(r"`([^`]+ [^`]+)`", row)]
        self.assertGreater(len(quoted), 6)
        for quote in quoted:
            if quote == "slowwave verify":
                continue
            for part in quote.replace("`", "").split("N, "):
                self.assertTrue(part in sources, f"the program does not say '{quote}'")
        metrics = set(re.findall(r"`(slowwave_[a-z_]+)`", DOCUMENT)) - ROLES
        # Nothing is asked of the endpoint: there is nothing to consolidate.
        with daemon.Daemon(arguments=["--llm-base-url", "http://127.0.0.1:1/v1", "--llm-model", "none"]) as served:
            told = served.metrics()
        for name in metrics:
            self.assertIn(f"\n{name}", told)
        keys = {key for key in re.findall(r"`([a-z]+\.[a-z_.]+)(?::[^`]*)?`", DOCUMENT)}
        known = documents.text_of("server/CONFIGURATION.md")
        for key in keys - {"roles.sql", "citus.sql", "slowwave.db"}:
            self.assertIn(f"| `{key}` |", known)


if __name__ == "__main__":
    unittest.main()
