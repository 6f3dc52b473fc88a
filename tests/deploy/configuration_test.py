#!/usr/bin/env python3
"""What production is set up with works as it stands: the configurations that the chart and the overlays mount, the SQL
that deploy/README.md has one run, and the commands of the migration job, whose owner of the tables may make no roles."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml
from rendered import CHART, OVERLAYS, ROOT, find, helm, kustomize

sys.path.insert(0, str(ROOT / "tests/integration"))
from support import daemon, documents, endpoint, postgres  # noqa: E402

MOUNTED = "/run/secrets/slowwave"
LINE = '{"id": "t1", "speaker": "Ada", "text": "I live in Ghent."}\n'


def configuration(manifests):
    return find(manifests, "ConfigMap", "slowwave-config")["data"]["slowwave.yaml"]


def slowwave(*arguments, text=None, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
    return subprocess.run(
        [daemon.binary(), *arguments], input=text, capture_output=True, text=True, check=False,
        timeout=daemon.PATIENCE_SECONDS, env={**clean, **environment},
    )  # fmt: skip


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-configuration-")))
        self.secrets = self.folder / "secrets"
        for each in ("tls", "tokens", "llm", "embedding"):
            (self.secrets / each).mkdir(parents=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.secrets / "tls/tls.key", "-out", self.secrets / "tls/tls.crt"],
            check=True, capture_output=True,
        )  # fmt: skip
        self.token = self.folder / "chat.token"
        made = slowwave("token", "--name", "chat", "--tenant", "acme", "--role", "write", "--out", str(self.token))
        self.assertEqual(made.returncode, 0, made.stderr)
        (self.secrets / "tokens/tokens.yaml").write_text(made.stdout, encoding="utf-8")
        for each in ("llm", "embedding"):
            (self.secrets / each / "api-key").write_text("a-key\n", encoding="utf-8")

    def here(self, text):
        """With its secrets where they are on this host."""
        path = self.folder / "slowwave.yaml"
        path.write_text(text.replace(MOUNTED, str(self.secrets)), encoding="utf-8")
        return path

    def works(self, text, store_url, *credentials):
        """It is accepted as it stands (nothing listens yet), and with this host's addresses it serves a client."""
        checked = slowwave("migrate", "up", "--config", str(self.here(text)), "--store-url", store_url)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        # On loopback, and with the data in a folder of the test's.
        served = daemon.Daemon(store_url=store_url, environment={"SLOWWAVE_CONFIG": str(self.here(text))})
        with served:
            done = slowwave("import", "-", "--user", "ada", "--address", served.address, *credentials, text=LINE)
            self.assertEqual(done.returncode, 0, done.stderr)
            return served.address

    def test_of_production(self):
        credentials = ["--ca-file", str(self.secrets / "tls/tls.crt"), "--token-file", str(self.token)]
        dotted = helm({"config": {"shutdown.seconds": 30, "store.connections": 4, "log.format": "text"}})
        for manifests in (helm(), dotted, kustomize(OVERLAYS / "production")):
            text = configuration(manifests)
            self.works(text, postgres.shared().new_database(), *credentials)
            # What makes it safe is needed: without it the same configuration is refused.
            for part in ("tls", "auth"):
                less = yaml.safe_load(text)
                del less[part]
                refused = slowwave("migrate", "status", "--config", str(self.here(yaml.safe_dump(less))))
                self.assertEqual(refused.returncode, 1)
                self.assertIn("allow_insecure_listen", refused.stderr)

    def test_of_production_with_endpoints(self):
        with endpoint.Endpoint() as answers:
            asked = {"base_url": answers.url, "model": "m"}
            text = configuration(helm({"config": {"llm": asked, "embedding": asked}}))
            self.works(text, postgres.shared().new_database(), "--ca-file", str(self.secrets / "tls/tls.crt"),
                       "--token-file", str(self.token))  # fmt: skip

    def test_of_the_embedded_store(self):
        for manifests in (helm(files=[CHART / "values-embedded.yaml"]), kustomize(OVERLAYS / "dev")):
            text = configuration(manifests)
            self.assertEqual(yaml.safe_load(text)["data_dir"], "/var/lib/slowwave")
            self.works(text, f"sqlite:{self.folder}/{len(list(self.folder.iterdir()))}.db")


(MADE_BEFORE,) = documents.blocks(documents.text_of("deploy/README.md"), "sql")
OWNER_ONLY = "CREATE ROLE slowwave_owner LOGIN; CREATE DATABASE memory OWNER slowwave_owner ENCODING UTF8 TEMPLATE template0;"
SQL = ROOT / "deploy/sql"
TABLES = """SELECT count(*) FILTER (WHERE c.relrowsecurity AND c.relforcerowsecurity), count(*)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'slowwave'::regnamespace AND c.relkind = 'r'"""


class Database(unittest.TestCase):
    def setUp(self):
        # Roles are the server's: each test has one of its own.
        self.server = self.enterContext(postgres.Postgres())
        self.superuser = self.server.url("memory")
        self.owner = self.superuser.replace("slowwave@", "slowwave_owner@")
        self.service = self.superuser.replace("slowwave@", "slowwave_service@")

    def job(self, manifests=None):
        """Runs the containers of the migration job one after the other; what the last one ended with."""
        spec = find(manifests or kustomize(OVERLAYS / "production"), "Job", "slowwave-migrate")["spec"]["template"]["spec"]
        (migrate,), (grant,) = spec["initContainers"], spec["containers"]
        done = slowwave(*migrate["args"], SLOWWAVE_STORE_URL=self.owner)
        self.assertEqual(done.returncode, 0, done.stderr)
        here = {"$(STORE_URL)": self.owner}
        command = [here.get(part, part.replace("/sql/", f"{SQL}/")) for part in grant["command"]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=daemon.PATIENCE_SECONDS, env=environment
        )

    def rows_forced(self):
        ((forced, all_of_them),) = self.server.sql(TABLES, self.superuser)
        self.assertGreater(int(all_of_them), 15)
        return forced == all_of_them

    def test_what_one_is_told_to_make_takes_the_job_again_and_again(self):
        self.server.run(MADE_BEFORE)
        more = "SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = 'slowwave_owner'"
        ((may,),) = self.server.sql(more)
        self.assertEqual(may, "f")
        for manifests in (kustomize(OVERLAYS / "production"), helm(), helm()):
            done = self.job(manifests)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(self.rows_forced())
        served = daemon.Daemon(store_url=self.service, arguments=["--store-migrate", "check"])
        with served:
            done = slowwave("import", "-", "--user", "ada", "--address", served.address, text=LINE)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = slowwave("trigger", "--user", "ada", "--until-drained", "--address", served.address)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_where_the_roles_are_not_so_it_says_what_somebody_else_has_to_run(self):
        cases = {
            "none": ("", ["CREATE ROLE slowwave_service LOGIN NOINHERIT", "CREATE ROLE slowwave_discovery",
                          "GRANT slowwave_discovery TO slowwave_service"]),
            "as it was told once": ("CREATE ROLE slowwave_service LOGIN;",
                                    ["ALTER ROLE slowwave_service NOINHERIT", "CREATE ROLE slowwave_discovery",
                                     "GRANT slowwave_discovery TO slowwave_service"]),
            "no member": ("CREATE ROLE slowwave_service LOGIN NOINHERIT; CREATE ROLE slowwave_discovery;",
                          ["GRANT slowwave_discovery TO slowwave_service"]),
        }  # fmt: skip
        for name, (made, told) in cases.items():
            with self.subTest(name):
                self.server.run(OWNER_ONLY + made)
                done = self.job()
                self.assertEqual(done.returncode, 3)
                self.assertIn("slowwave_owner may not make or change the roles", done.stderr)
                statements = re.search(r"HINT:.* roles\.sql again: (.*); A new", done.stderr).group(1)
                self.assertEqual(statements.split("; "), told)
                self.assertFalse(self.rows_forced())
                self.server.run(statements)
                done = self.job()
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(self.rows_forced())
            self.server.run("DROP DATABASE memory; DROP ROLE slowwave_owner, slowwave_service, slowwave_discovery;")

    def test_daemons_at_work_do_not_notice_it(self):
        self.server.run(MADE_BEFORE)
        self.assertEqual(self.job().returncode, 0)
        read, over = [], threading.Event()
        with subprocess.Popen(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.service],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as reader:  # fmt: skip

            def look():
                while not over.is_set() or len(read) < 2:
                    try:
                        reader.stdin.write("SELECT count(*) FROM slowwave.episode;\n")
                        reader.stdin.flush()
                    except BrokenPipeError:
                        return
                    read.append(reader.stdout.readline())
                    if not read[-1]:
                        return

            thread = threading.Thread(target=look)
            thread.start()
            for _ in range(30):
                self.server.run((SQL / "roles.sql").read_text(encoding="utf-8"), self.owner)
            over.set()
            thread.join()
            _, said = reader.communicate()
        self.assertEqual(said, "")
        self.assertEqual(set(read), {"0\n"})

    def test_the_policies_are_turned_over_to_a_new_owner(self):
        self.server.run(MADE_BEFORE)
        self.assertEqual(self.job().returncode, 0)
        self.server.sql("INSERT INTO slowwave.tenant(tenant_id) VALUES ('acme')", self.superuser)
        self.server.sql("CREATE ROLE heir LOGIN; REASSIGN OWNED BY slowwave_owner TO heir", self.superuser)
        heir = self.owner.replace("slowwave_owner@", "heir@")
        seen = "SET slowwave.across = 'on'; SELECT count(*) FROM slowwave.tenant"
        self.assertEqual(self.server.sql(seen, heir), [["0"]])
        row_security = (SQL / "row_security.sql").read_text(encoding="utf-8")
        self.server.run(row_security, heir)
        self.assertEqual(self.server.sql(seen, heir), [["1"]])
        policies = "SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_policy"
        before = self.server.sql(policies, self.superuser)
        self.server.run(row_security, heir)
        self.assertEqual(self.server.sql(policies, self.superuser), before, "what was in place was made anew")
        # And one that somebody dropped is back.
        self.server.sql("DROP POLICY tenant ON slowwave.fact; DROP POLICY across ON slowwave.task", heir)
        self.server.run(row_security, heir)
        ((left,),) = self.server.sql("SELECT count(*) FROM pg_policy", self.superuser)
        self.assertEqual(int(left), len(before[0][0].split()))

    def test_a_cluster_of_citus_is_left_as_it_is(self):
        self.server.run(MADE_BEFORE)
        # Citus is not to be had here; its name in the catalogue is what the file looks for.
        self.server.sql("SET allow_system_table_mods = on; UPDATE pg_extension SET extname = 'citus'", self.superuser)
        done = self.job()
        self.assertEqual(done.returncode, 3)
        self.assertIn("Leave row_security.sql out", done.stderr)
        ((forced, _),) = self.server.sql(TABLES, self.superuser)
        self.assertEqual(forced, "0")


if __name__ == "__main__":
    unittest.main()
