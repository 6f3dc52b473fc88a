#!/usr/bin/env python3
"""The daemon takes the configurations that the chart and the overlays mount, as they stand, and works by them."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import yaml
from rendered import CHART, OVERLAYS, ROOT, find, helm, kustomize

sys.path.insert(0, str(ROOT / "tests/integration"))
from support import daemon, endpoint, postgres  # noqa: E402

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
        for manifests in (helm(), kustomize(OVERLAYS / "production")):
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


if __name__ == "__main__":
    unittest.main()
