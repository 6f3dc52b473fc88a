#!/usr/bin/env python3
"""`slowwave doctor` on healthy set-ups, and on each thing that can be wrong with one, provoked by itself."""

import hashlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from support import daemon, endpoint, postgres, wire

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# Ports are picked by the daemon, so that what else runs here is no fault.
FREE = {"SLOWWAVE_LISTEN": "127.0.0.1:0", "SLOWWAVE_HTTP_LISTEN": "127.0.0.1:0"}


class Doctor(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-doctor-")))
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)

    def examine(self, *arguments, code=0, environment=None, json_lines=True):
        """{check: [(level, what, advice)]}"""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        process = subprocess.run(
            [daemon.binary(), "doctor", *(["--json"] if json_lines else []), *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=daemon.PATIENCE_SECONDS,
            env={**clean, **FREE, "SLOWWAVE_DATA_DIR": str(self.data), **(environment or {})},
            check=False,
        )
        self.assertEqual(process.returncode, code, (process.stdout, process.stderr))
        if not json_lines:
            return process.stdout
        found = {}
        for line in map(json.loads, process.stdout.splitlines()):
            self.assertEqual(line["level"] == "OK", line["advice"] == "", line)
            found.setdefault(line["check"], []).append((line["level"], line["what"], line["advice"]))
        self.assertEqual(code, int(any(level == "FAIL" for each in found.values() for level, _, _ in each)))
        return found

    def assert_only(self, found, check, level, words):
        """This check says so, and no other is worse than OK."""
        worse = {name for name, each in found.items() if any(said != "OK" for said, _, _ in each)}
        self.assertEqual(worse, {check}, found)
        self.assertTrue(any(said == level and words in what + advice for said, what, advice in found[check]), found[check])

    # ---- the configuration and the embedded store

    def test_nothing_is_wrong_with_a_fresh_set_up_and_nothing_is_made(self):
        found = self.examine()
        self.assertLessEqual({"config", "store", "data_dir", "tls", "tokens", "llm", "embedding", "listen", "http_listen"}, set(found))
        self.assertEqual({level for each in found.values() for level, _, _ in each}, {"OK"}, found)
        self.assertEqual(list(self.data.iterdir()), [])

    def test_lines_are_for_people_too(self):
        self.data.chmod(0o755)
        lines = self.examine(json_lines=False).splitlines()
        self.assertTrue(all(line.split()[0] in ("OK", "WARN", "FAIL") for line in lines), lines)
        (warned,) = [line for line in lines if line.startswith("WARN")]
        self.assertRegex(warned, r"^WARN +data_dir .* -> chmod o-rwx ")

    def test_help_helps(self):
        told = subprocess.run([daemon.binary(), "doctor", "--help"], capture_output=True, encoding="utf-8", check=True).stdout
        for flag in ("--json", "--call-endpoint", "--config", "--store-url"):
            self.assertIn(flag, told)

    def test_a_configuration_that_is_none(self):
        found = self.examine("--workers", "many", code=1)
        self.assert_only(found, "config", "FAIL", "workers")

    def test_a_data_dir_that_is_a_file(self):
        (self.folder / "file").write_text("", encoding="utf-8")
        self.assert_only(self.examine("--data-dir", str(self.folder / "file"), code=1), "data_dir", "FAIL", "no folder")

    def test_a_data_dir_that_is_open_to_all_or_nearly_full(self):
        self.assert_only(self.examine("--min-free-mb", str(1 << 38)), "data_dir", "WARN", "MB free")
        self.data.chmod(0o707)
        self.assert_only(self.examine(), "data_dir", "WARN", "chmod")

    def test_a_file_that_is_no_store_of_ours(self):
        (self.data / "slowwave.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
        self.assert_only(self.examine(code=1), "store", "FAIL", "slowwave.db")

    def test_a_store_of_a_newer_build(self):
        with daemon.Daemon(folder=self.folder):
            pass
        with sqlite3.connect(self.data / "slowwave.db") as store:
            store.execute("UPDATE schema_migration SET checksum = 'other' WHERE version = 1")
        store.close()
        self.assert_only(self.examine(code=1), "migrations", "FAIL", "changed")

    def test_beside_a_daemon_that_runs_all_is_well(self):
        with daemon.Daemon(folder=self.folder) as each:
            found = self.examine("--listen", each.address, "--http-listen", each.http_address)
            self.assertEqual({level for every in found.values() for level, _, _ in every}, {"OK"}, found)
            self.assertIn("which a daemon has open", found["store"][0][1])
            self.assertIn("by a daemon that runs already", found["listen"][0][1])
            self.assertEqual(self.data.stat().st_mode & 0o777, 0o700)

    def test_a_port_that_another_program_has(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assert_only(self.examine("--listen", address, code=1), "listen", "FAIL", "is taken")

    # ---- files

    def certificate(self, name, days):
        key, signed = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
             "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(signed)],
            check=True, capture_output=True,
        )  # fmt: skip
        key.chmod(0o600)
        return signed, key

    def with_tls(self, certificate, key, **more):
        return self.examine("--tls-cert-file", str(certificate), "--tls-key-file", str(key), **more)

    def test_certificates_that_end_soon_or_have_ended(self):
        good, soon = self.certificate("good", 365), self.certificate("soon", 3)
        found = self.with_tls(*good)
        self.assertEqual({level for each in found.values() for level, _, _ in each}, {"OK"}, found)
        self.assert_only(self.with_tls(*soon), "tls.cert_file", "WARN", "ends soon")
        later = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+10d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.assert_only(self.with_tls(*soon, code=1, environment=later), "tls.cert_file", "FAIL", "is over since")

    def test_a_key_that_is_anothers_or_for_all_to_read(self):
        (one, key), (_, other) = self.certificate("one", 365), self.certificate("other", 365)
        self.assert_only(self.with_tls(one, other, code=1), "tls", "FAIL", "is not the key")
        key.chmod(0o644)
        self.assert_only(self.with_tls(one, key), "tls.key_file", "WARN", "can be read by every user")

    def test_tokens_that_have_ended_are_for_all_to_read_or_are_none(self):
        def entry(name, expires):
            digest = hashlib.sha256(name.encode()).hexdigest()
            return f"- {{name: {name}, sha256: {digest}, tenant: acme, roles: [read], expires: {expires}}}\n"

        path = self.folder / "tokens.yaml"
        path.write_text(entry("chat", "2999-01-01T00:00:00Z"), encoding="utf-8")
        path.chmod(0o600)
        arguments = ("--auth-tokens-file", str(path))
        self.assertEqual(self.examine(*arguments)["tokens"][0][0], "OK")
        path.chmod(0o604)
        self.assert_only(self.examine(*arguments), "tokens", "WARN", "can be read by every user")
        path.chmod(0o600)
        path.write_text(entry("chat", "2999-01-01T00:00:00Z") + entry("gone", "2020-01-01T00:00:00Z"), encoding="utf-8")
        self.assert_only(self.examine(*arguments), "tokens", "WARN", "over: gone")
        path.write_text("- name: chat\n", encoding="utf-8")
        self.assert_only(self.examine(*arguments, code=1), "tokens", "FAIL", "tenant")

    # ---- endpoints

    def with_endpoint(self, url, *arguments, **more):
        return self.examine(
            *("--llm-base-url", url, "--llm-model", "test", "--embedding-base-url", url, "--embedding-model", "test"),
            *arguments,
            **more,
        )

    def test_endpoints_that_have_the_model_are_not_called(self):
        with endpoint.Endpoint() as served:
            found = self.with_endpoint(served.url)
            self.assertEqual([found[name][0][0] for name in ("llm", "embedding")], ["OK", "OK"])
            served.models = None
            self.assertIn("says nothing of its models", self.with_endpoint(served.url)["llm"][0][1])
            self.assertEqual((served.calls, served.embed_calls), (0, 0))

    def test_endpoints_without_the_model_with_another_key_or_not_there(self):
        with endpoint.Endpoint() as served:
            served.models = ["another"]
            found = self.with_endpoint(served.url, code=1)
            self.assertEqual([found[name][0][0] for name in ("llm", "embedding")], ["FAIL", "FAIL"])
            self.assertIn("has no model test", found["llm"][0][1])
            served.models, served.key = ["test"], "right"
            found = self.with_endpoint(served.url, code=1, environment={"SLOWWAVE_EMBEDDING_API_KEY": "right"})
            self.assert_only(found, "llm", "FAIL", "refuses the key")
            url = served.url
        found = self.with_endpoint(url, code=1)
        self.assertEqual([found[name][0][0] for name in ("llm", "embedding")], ["FAIL", "FAIL"])

    def test_a_real_call_is_made_only_if_asked_for(self):
        with endpoint.Endpoint() as served:
            served.answer = lambda memories, call: (200, "ok")
            found = self.with_endpoint(served.url, "--call-endpoint")
            self.assertEqual([found[name][0][0] for name in ("llm", "embedding")], ["OK", "OK"])
            self.assertEqual((served.calls, served.embed_calls), (1, 1))
            served.answer = lambda memories, call: (500, "broken")
            self.assert_only(self.with_endpoint(served.url, "--call-endpoint", code=1), "llm", "FAIL", "a call failed")
            served.answer = lambda memories, call: (200, "ok")
            served.embed = lambda texts: (500, "broken")
            found = self.with_endpoint(served.url, "--call-endpoint", code=1)
            self.assert_only(found, "embedding", "FAIL", "a call failed")

    # ---- Postgres

    def laid_out(self, row_security=True):
        """(the owner's URL, the service role's) of a database as the README says to make one."""
        server = postgres.shared()
        url = server.new_database()
        subprocess.run([daemon.binary(), "migrate", "up", "--store-url", url], check=True, capture_output=True)
        server.sql((wire.ROOT / "deploy" / "sql" / "roles.sql").read_text(encoding="utf-8"), url)
        if row_security:
            for (table,) in server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'slowwave'", url):
                server.sql(f"ALTER TABLE slowwave.{table} ENABLE ROW LEVEL SECURITY", url)
                server.sql(f"ALTER TABLE slowwave.{table} FORCE ROW LEVEL SECURITY", url)
            server.sql("CREATE POLICY all_rows ON slowwave.schema_migration USING (true)", url)
        return url, url.replace("slowwave@", "slowwave_service@")

    def with_store(self, url, *arguments, **more):
        return self.examine("--store-url", url, *arguments, **more)

    def test_a_database_made_as_the_readme_says_is_well(self):
        _, service = self.laid_out()
        found = self.with_store(service, "--store-listen-url", service)
        self.assertEqual({level for each in found.values() for level, _, _ in each}, {"OK"}, found)
        self.assertLessEqual({"store", "migrations", "clock", "role", "row_security", "listen_url"}, set(found))

    def test_a_server_that_is_not_there_and_a_database_that_is_none(self):
        url = postgres.shared().url("no_such")
        self.assert_only(self.with_store(url, code=1), "store", "FAIL", "does not exist")
        port = postgres.free_port()
        self.assert_only(self.with_store(f"postgres://slowwave@127.0.0.1:{port}/x", code=1), "store", "FAIL", "127.0.0.1")

    def test_a_password_is_never_printed(self):
        port = postgres.free_port()
        found = self.with_store(f"postgres://slowwave:hush@127.0.0.1:{port}/x", code=1)
        self.assertNotIn("hush", json.dumps(found))

    def test_migrations_that_are_outstanding(self):
        url = postgres.shared().new_database()
        self.assertIn("applies when it starts", self.with_store(url)["migrations"][0][1])
        found = self.with_store(url, "--store-migrate", "check", code=1)
        self.assertEqual(found["migrations"][0][0], "FAIL")
        self.assertIn("slowwave migrate up", found["migrations"][0][2])

    def test_a_role_that_may_too_much_or_too_little(self):
        server = postgres.shared()
        owner, service = self.laid_out()
        found = self.with_store(owner)
        self.assertEqual(found["role"][0][0], "WARN")
        self.assertIn("superuser", found["role"][0][1])
        self.assertIn("bypasses", found["row_security"][0][1])
        server.sql("REVOKE UPDATE ON slowwave.task FROM slowwave_service", owner)
        self.assert_only(self.with_store(service, code=1), "role", "FAIL", "UPDATE on task")
        server.sql("GRANT UPDATE ON slowwave.task TO slowwave_service", owner)
        for (table,) in server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'slowwave'", owner):
            server.sql(f"ALTER TABLE slowwave.{table} OWNER TO slowwave_service", owner)
        self.assert_only(self.with_store(service), "role", "WARN", "owns the tables")

    def test_a_role_that_would_find_no_tenant_with_work(self):
        owner, service = self.laid_out()
        self.addCleanup(postgres.shared().sql, "GRANT slowwave_discovery TO slowwave_service", owner)
        postgres.shared().sql("REVOKE slowwave_discovery FROM slowwave_service", owner)
        self.assert_only(self.with_store(service, code=1), "row_security", "FAIL", "cannot become slowwave_discovery")

    def test_row_security_that_is_off(self):
        _, service = self.laid_out(row_security=False)
        self.assert_only(self.with_store(service), "row_security", "WARN", "is off for")
        owner, service = self.laid_out()
        postgres.shared().sql("ALTER TABLE slowwave.fact DISABLE ROW LEVEL SECURITY", owner)
        self.assert_only(self.with_store(service), "row_security", "WARN", "is off for fact")

    def test_a_listen_url_that_leads_to_a_pooler(self):
        owner, service = self.laid_out()
        pooled = postgres.shared_pooler().through(owner)
        found = self.with_store(service, "--store-listen-url", pooled, code=1)
        self.assert_only(found, "listen_url", "FAIL", "not a pooler")

    def test_a_clock_that_is_wrong(self):
        _, service = self.laid_out()
        ahead = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.assert_only(self.with_store(service, environment=ahead), "clock", "WARN", "behind this machine's")


if __name__ == "__main__":
    unittest.main()
