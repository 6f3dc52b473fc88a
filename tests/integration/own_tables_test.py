#!/usr/bin/env python3
"""deploy/sql/own_tables: another service's table is followed into Slowwave, and facts come back as a view."""

import datetime
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from support import daemon, documents, postgres, wire

FOLDER = wire.ROOT / "deploy" / "sql" / "own_tables"
COLUMNS = "id, tenant_id, user_id, type, text, embedding, entities, metadata, \"timestamp\", confidence, importance, status"


def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


class OwnTables(unittest.TestCase):
    """A service's database and Slowwave's, on one server."""

    def setUp(self):
        self.server = postgres.shared()
        self.service = self.server.new_database()
        self.store = self.server.new_database()
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-feed-")))
        for name in ("records.sql", "outbox.sql"):
            self.run_file(self.service, name)
        self.daemon = daemon.Daemon(store_url=self.store)
        self.addCleanup(self.daemon.__exit__)
        self.daemon.start()
        self.client = wire.Client(self.daemon.address)
        self.addCleanup(lambda: self.client.__exit__())

    def run_file(self, url, name, user=None):
        self.psql(url, f"-f{FOLDER / name}", user=user)

    def psql(self, url, *arguments, text=None, user=None):
        if user:
            url = url.replace("//slowwave@", f"//{user}@")
        done = subprocess.run(
            [postgres.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, *arguments],
            input=text, capture_output=True, encoding="utf-8", timeout=daemon.PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def sql(self, statement, **named):
        return self.psql(self.service, "-f-", text=statement, **named)

    def rows_of(self, statement, url=None, user=None):
        """As parsed JSON."""
        text = f"SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]') FROM ({statement}) AS x"
        return json.loads(self.psql(url or self.service, "-f-", text=text, user=user))

    def insert(self, record, **fields):
        row = {
            "id": record, "tenant_id": "acme", "user_id": "ada", "type": "episodic_event", "text": "I like tea.",
            "embedding": None, "entities": "{}", "metadata": "{}", "timestamp": "2024-01-10T09:30:00Z",
            "confidence": None, "importance": None, "status": "active", **fields,
        }  # fmt: skip
        values = ", ".join(literal(row[name.strip(' "')]) for name in COLUMNS.split(","))
        self.sql(f"INSERT INTO memory_records({COLUMNS}) VALUES ({values})")

    def copy(self, code=0, slowwave=None, batch=None):
        """One pass."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLOWWAVE_", "PG"))}
        environment.update(
            FEED_DATABASE_URL=self.service,
            SLOWWAVE=str(slowwave or daemon.binary()),
            PATH=f"{pathlib.Path(postgres.program('psql')).parent}:{environment['PATH']}",
        )
        if batch:
            environment["FEED_BATCH"] = str(batch)
        done = subprocess.run(
            [str(FOLDER / "copy.sh"), "--address", self.daemon.address], env=environment, capture_output=True,
            encoding="utf-8", timeout=daemon.PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def waiting(self):
        return [row["id"] for row in self.rows_of("SELECT id FROM slowwave_feed.outbox ORDER BY seq")]

    def refused(self):
        rows = self.rows_of("SELECT id, status, reason FROM slowwave_feed.refused")
        return {row["id"]: (row["status"], row["reason"]) for row in rows}

    def episodes(self, user="ada", tenant="acme"):
        page = wire.pages(self.client.ListEpisodes, "episodes", tenant=tenant, user=user, page_size=1000)
        return {stored.episode.id: stored.episode for stored in page}


class Feed(OwnTables):
    def test_a_record_arrives_with_all_that_it_says(self):
        said = 'I said "no\\n" \\ twice,\nand\tthen – naïvely – 雪 🌙 yes.'
        metadata = {"speaker": "Ada", "session_id": "s1", "turn": 7, "role": "agent", "nested": {"null": None}}
        self.insert("r1", text=said, type="Message", metadata=json.dumps(metadata), embedding="{0.1,-2.5e-3,1e10}",
                    entities='{tea,"a, b"}', confidence=0.7, importance=0.25, timestamp="1890-01-01T12:00:00+09:18:59")  # fmt: skip
        self.insert("r2", type="preference", timestamp="2024-02-03T04:05:06.123456+02:00")
        self.copy()
        episodes = self.episodes()
        one, two = episodes["r1"], episodes["r2"]
        self.assertEqual((one.text, one.speaker, one.session_id, one.turn), (said, "Ada", "s1", 7))
        self.assertEqual(one.type, wire.common.EPISODE_TYPE_EPISODIC_EVENT)
        self.assertEqual(one.origin, wire.common.ORIGIN_ASSISTANT)
        self.assertEqual(list(one.entities), ["tea", "a, b"])
        self.assertEqual([f"{number:g}" for number in one.embedding], ["0.1", "-0.0025", "1e+10"])
        self.assertEqual((round(one.confidence, 6), one.importance), (0.7, 0.25))
        self.assertEqual(one.occurred_at.ToJsonString(), "1890-01-01T02:41:01Z")
        self.assertEqual(json.loads(one.metadata), metadata)
        self.assertEqual(two.occurred_at.ToJsonString(), "2024-02-03T02:05:06.123456Z")
        self.assertEqual((two.type, two.origin), (wire.common.EPISODE_TYPE_PREFERENCE, wire.common.ORIGIN_USER))
        self.assertEqual((two.confidence, two.importance, two.metadata), (0.9, 0.5, ""))
        self.assertEqual(self.waiting(), [])
        self.assertTrue(self.client.GetUser(tenant="acme", user="ada").conditions)

    def test_embeddings_of_pgvector_come_as_text(self):
        self.assertEqual(
            self.rows_of("SELECT slowwave_feed.embedding_json('[1,-0.5,3e-05]'::text) AS good,"
                         " slowwave_feed.embedding_json('[1,NaN]'::text) AS bad"),
            [{"good": [1, -0.5, 3e-05], "bad": "[1,NaN]"}],
        )  # fmt: skip

    def test_bad_records_are_named_and_hold_up_nothing(self):
        deep = "[" * 40 + "]" * 40
        bad = {
            "long": (dict(text="a" * 70000), "text has 70000 bytes"),
            "blank": (dict(text=" \n "), "text"),
            "nan": (dict(embedding="{1,NaN}"), "embedding"),
            "infinite": (dict(embedding="{Infinity,1}"), "embedding"),
            "zero": (dict(embedding="{0,0}"), "embedding"),
            "shorter": (dict(embedding="{1}"), "allowed: 2"),
            "never": (dict(timestamp="infinity"), "'infinity' is no time"),
            "before": (dict(timestamp="0044-03-15 12:00:00 BC"), "is no time"),
            "sure": (dict(confidence="NaN"), "confidence"),
            "vital": (dict(importance=1.5), "importance: must be from 0 to 1"),
            "deep": (dict(metadata=json.dumps({"x": json.loads(deep)})), "nested deeper"),
            "fat": (dict(metadata=json.dumps({"x": "y" * 20000})), "metadata has"),
            "list": (dict(metadata="[1]"), "metadata: an object is expected"),
            "odd": (dict(type="daydream"), "'daydream' is none of"),
            "wide": (dict(entities="{" + ",".join(f"e{i}" for i in range(300)) + "}"), "entities"),
            "x" * 200: ({}, "must be 1 to 128 bytes"),
        }
        self.insert("first", embedding="{1,0}")
        for record, (fields, _) in bad.items():
            self.insert(record, **fields)
        self.insert("nobody", user_id="")
        self.insert("somebody", user_id="u" * 4000)
        self.insert("last", embedding="{0,1}", text="I live in Ghent.")
        self.copy(batch=4)
        self.assertEqual(set(self.episodes()), {"first", "last"})
        refused = self.refused()
        self.assertEqual(set(refused), {record[:128] for record in bad} | {"nobody", "somebody"})
        for record, (_, reason) in bad.items():
            self.assertEqual(refused[record[:128]][0], "refused")
            self.assertIn(reason, refused[record[:128]][1])
        self.assertEqual(self.waiting(), [])
        self.sql("UPDATE memory_records SET text = 'I work as a gardener.' WHERE id = 'long'")
        self.copy()
        self.assertIn("long", self.episodes())
        self.assertNotIn("long", self.refused())

    def test_what_is_inserted_meanwhile_arrives_whatever_the_order_of_commits(self):
        writers, each = 4, 60
        problems = []

        def write(writer):
            try:
                # Numbers are taken before and committed after others'.
                for start in range(0, each, 6):
                    values = ",".join(
                        f"('w{writer}-{n}', 'acme', 'user {n % 3}', 'Note {n} by {writer}')" for n in range(start, start + 6)
                    )
                    self.sql(f"BEGIN; INSERT INTO memory_records(id, tenant_id, user_id, text) VALUES {values};"
                             f" SELECT pg_sleep(0.02 * {writer}); COMMIT;")  # fmt: skip
            except Exception as error:  # pylint: disable=broad-except
                problems.append(error)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        passes = 0
        while any(thread.is_alive() for thread in threads):
            self.copy(batch=50)
            passes += 1
            if passes == 2:
                self.daemon.kill()
                self.copy(code=1)
                self.daemon.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.copy(batch=50)
        self.client = wire.Client(self.daemon.address)
        found = set()
        for n in range(3):
            found |= set(self.episodes(user=f"user {n}"))
        self.assertEqual(found, {f"w{writer}-{n}" for writer in range(writers) for n in range(each)})
        self.assertEqual((self.waiting(), self.refused()), ([], {}))
        # All of it again stores nothing and refuses nothing.
        before = self.client.GetUser(tenant="acme", user="user 0")
        self.sql("SELECT slowwave_feed.enqueue_all()")
        self.assertEqual(len(self.waiting()), writers * each)
        self.copy()
        self.assertEqual(self.client.GetUser(tenant="acme", user="user 0").episodes, before.episodes)
        self.assertEqual((self.waiting(), self.refused()), ([], {}))

    def test_a_copier_killed_before_it_could_say_so_is_repeated(self):
        for n in range(5):
            self.insert(f"r{n}", text=f"Note {n}")
        killer = self.folder / "slowwave"
        killer.write_text(f'#!/bin/sh\n"{daemon.binary()}" "$@"\nkill -9 $PPID\n', encoding="utf-8")
        killer.chmod(0o755)
        self.copy(code=-signal.SIGKILL, slowwave=killer, batch=3)
        self.assertEqual(set(self.episodes()), {"r0", "r1", "r2"})
        self.assertEqual(len(self.waiting()), 5)
        self.copy()
        self.assertEqual(len(self.episodes()), 5)
        self.assertEqual((self.waiting(), self.refused()), ([], {}))

    def test_a_record_that_changes_while_it_is_copied_is_looked_at_again(self):
        self.insert("r1", text="I live in Ghent.")
        meddler = self.folder / "slowwave"
        change = "UPDATE memory_records SET text = 'I live in Turku.' WHERE id = 'r1'"
        meddler.write_text(
            f'#!/bin/sh\n"{postgres.program("psql")}" -Xq -d "{self.service}" -c "{change}"\nexec "{daemon.binary()}" "$@"\n',
            encoding="utf-8",
        )
        meddler.chmod(0o755)
        self.copy(slowwave=meddler)
        self.assertEqual(self.waiting(), ["r1"])
        self.copy()
        self.assertEqual(self.waiting(), [])
        self.assertEqual(self.episodes()["r1"].text, "I live in Ghent.")
        self.assertEqual(self.refused()["r1"][0], "different")

    def test_only_active_records_are_copied_and_deleted_ones_are_remembered(self):
        self.insert("old", status="archived")
        self.insert("gone")
        self.insert("hidden")
        self.insert("kept")
        self.sql("DELETE FROM memory_records WHERE id = 'gone'; UPDATE memory_records SET status = 'silent' WHERE id = 'hidden'")
        self.copy()
        self.assertEqual(set(self.episodes()), {"kept"})
        self.sql("UPDATE memory_records SET status = 'active' WHERE id = 'old'")
        self.sql("UPDATE memory_records SET status = 'deleted' WHERE id = 'kept'")
        self.copy()
        self.assertEqual(set(self.episodes()), {"old", "kept"})
        erase = self.rows_of("SELECT id FROM slowwave_feed.to_erase ORDER BY id")
        self.assertEqual([row["id"] for row in erase], ["gone", "kept"])
        # Counting an access is no news.
        self.sql("UPDATE memory_records SET access_count = access_count + 1")
        self.assertEqual(self.waiting(), [])

    def test_the_copier_needs_no_more_than_its_role(self):
        self.sql("CREATE ROLE copying LOGIN IN ROLE slowwave_copier")
        self.addCleanup(self.psql, self.service, "-cDROP ROLE copying")
        self.insert("r1")
        owner, self.service = self.service, self.service.replace("//slowwave@", "//copying@")
        self.copy()
        with self.assertRaisesRegex(AssertionError, "permission denied"):
            self.sql("DELETE FROM memory_records")
        self.service = owner
        self.assertEqual(set(self.episodes()), {"r1"})


class Commands(OwnTables):
    def test_the_readme_is_run_as_written(self):
        copy, read = documents.blocks(documents.text_of("deploy/sql/own_tables/README.md"), "sh")
        clone = self.enterContext(documents.Clone())
        urls = {"SERVICE": self.service, "DAEMON": self.daemon.address, "DATABASE_URL": self.store}
        # What is there before the triggers are.
        self.sql("DROP TRIGGER slowwave_feed ON memory_records")
        self.insert("r1", text="I live in Ghent.", metadata='{"speaker": "Ada"}')
        self.insert("r2", text="a" * 70000)
        self.assertEqual(self.waiting(), [])
        self.assertIn("text has 70000 bytes", clone.run(copy, **urls))
        self.assertEqual(set(self.episodes()), {"r1"})
        clone.run("build/slowwave trigger --tenant acme --user ada --until-drained", SLOWWAVE_ADDRESS=self.daemon.address)
        self.addCleanup(self.psql, self.store, "-cDROP ROLE acme_reader")
        self.assertRegex(clone.run(read, READER_URL=self.store.replace("//slowwave@", "//acme_reader@"), **urls),
                         r"ada +\| current_city +\| Ghent .*\{r1\}")  # fmt: skip


class View(OwnTables):
    def setUp(self):
        super().setUp()
        self.run_file(self.store, "facts_view.sql")
        self.psql(self.store, "-f-", text="""
            CREATE ROLE acme_reader LOGIN; GRANT slowwave_reader TO acme_reader;
            CREATE ROLE other_reader LOGIN; GRANT slowwave_reader TO other_reader;
            INSERT INTO slowwave_read.reader VALUES ('acme_reader', 'acme'), ('other_reader', 'other');""")
        self.addCleanup(self.psql, self.store, "-cDROP ROLE acme_reader; DROP ROLE other_reader;")
        sample = wire.ROOT / "server" / "demo" / "sample_memory.jsonl"
        for tenant in ("acme", "other"):
            self.slowwave("import", "--tenant", tenant, "--user", "ada", str(sample))
            self.slowwave("trigger", "--tenant", tenant, "--user", "ada", "--until-drained")

    def slowwave(self, *arguments):
        done = subprocess.run(
            [daemon.binary(), *arguments, "--address", self.daemon.address], capture_output=True, encoding="utf-8",
            timeout=daemon.PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def view(self, role, what="*", where="true", before=""):
        text = f"{before} SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]') FROM (SELECT {what} FROM slowwave_read.semantic_facts WHERE {where}) AS x"
        return json.loads(self.psql(self.store, "-f-", text=text, user=role))

    def assert_same_facts(self, role):
        told = [json.loads(line) for line in
                self.slowwave("facts", "--tenant", "acme", "--user", "ada", "--history", "--json").splitlines()]  # fmt: skip
        self.assertGreater(len(told), 20)
        self.assertTrue(any(not fact["current"] for fact in told))
        seen = self.view(role)
        self.assertEqual(len({fact["id"] for fact in seen}), len(seen))

        def moment(text):
            return text and datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))

        def of_wire(fact):
            return {
                "key": fact["key"], "category": fact["category"].removeprefix("CATEGORY_").lower(),
                "subject": fact["subject"], "predicate": fact["predicate"], "value": fact["value"],
                "value_type": fact["valueType"].removeprefix("VALUE_TYPE_").lower(),
                "type": fact["type"].removeprefix("GIST_TYPE_").lower(), "text": fact["text"],
                "confidence": fact["confidence"], "trust": fact["trust"], "temporal": fact["temporal"],
                "valid_from": moment(fact.get("validFrom")), "valid_to": moment(fact.get("validTo")),
                "is_current": fact["current"], "evidence": fact["evidence"], "run_id": fact["runId"],
                "source_ids": list(dict.fromkeys(e["episodeId"] for e in fact["evidence"])),
                "source_quotes": [e["quote"] for e in fact["evidence"]],
                "closed_by_ids": list(dict.fromkeys(e["episodeId"] for e in fact["closing"])),
            }  # fmt: skip

        def of_view(fact):
            self.assertEqual((fact["tenant_id"], fact["user_id"]), ("acme", "ada"))
            self.assertTrue(fact["updated_at"])
            fact = {name: value for name, value in fact.items() if name not in ("id", "tenant_id", "user_id", "updated_at")}
            return {**fact, "valid_from": moment(fact["valid_from"]), "valid_to": moment(fact["valid_to"])}

        def order(fact):
            return json.dumps(fact, sort_keys=True, default=str)

        self.assertEqual(sorted(map(of_view, seen), key=order), sorted(map(of_wire, told), key=order))

    def test_the_view_tells_what_the_daemon_tells_and_only_of_ones_tenant(self):
        self.assert_same_facts("acme_reader")
        self.assertEqual({row["tenant_id"] for row in self.view("other_reader")}, {"other"})
        for role in ("acme_reader", "other_reader"):
            for statement in ("SELECT 1 FROM slowwave.fact", "SELECT 1 FROM slowwave.episode", "TABLE slowwave_read.reader",
                              "INSERT INTO slowwave_read.reader VALUES (current_user, 'other')",
                              "DELETE FROM slowwave_read.semantic_facts"):  # fmt: skip
                with self.subTest(role=role, statement=statement), self.assertRaisesRegex(AssertionError, "permission denied"):
                    self.psql(self.store, f"-c{statement}", user=role)
        self.assertEqual(self.view("acme_reader", where="tenant_id = 'other'"), [])

    def test_it_does_so_under_row_level_security(self):
        policies = "".join(
            f"ALTER TABLE slowwave.{table} ENABLE ROW LEVEL SECURITY; ALTER TABLE slowwave.{table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant_only ON slowwave.{table} USING (tenant_id = current_setting('slowwave.tenant', true));"
            for table in ("fact", "run")
        )
        self.psql(self.store, "-f-", text=policies)
        self.assert_same_facts("acme_reader")
        other = self.view("acme_reader", before="SET slowwave.tenant = 'other';")
        self.assertEqual({row["tenant_id"] for row in other}, {"acme"})
        # Run again after an upgrade, it is as before.
        self.run_file(self.store, "facts_view.sql")
        self.assert_same_facts("acme_reader")


if __name__ == "__main__":
    unittest.main()
