"""What stands between the daemon and an endpoint where both are in earnest: nghttpx ends TLS in front of it, tinyproxy
takes calls on to it. Processes of their own on free ports of loopback, in temporary folders."""

import pathlib
import shutil
import socket
import subprocess
import tempfile

from support.daemon import PATIENCE_SECONDS, eventually
from support.postgres import free_port


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=PATIENCE_SECONDS)


def certificates(folder):
    """ca.pem, and server.pem with server.key for localhost that it signed."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, "req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names.txt"]
    openssl(folder, "x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")


class _Process:
    """A context manager."""

    def __init__(self, name, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"slowwave-{name}-"))
        self.port = free_port()
        self._name, self._program, self._process = name, program, None

    def arguments(self):
        raise NotImplementedError

    def __enter__(self):
        program = shutil.which(self._program, path="/usr/bin:/usr/sbin")
        if program is None:
            raise AssertionError(f"{self._program} is not installed; ./dev test installs it")
        with open(self.folder / "log.txt", "wb") as log:
            self._process = subprocess.Popen(
                [program, *self.arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )

        def listens():
            if self._process.poll() is not None:
                raise AssertionError(f"{self._name} ended:\n{self.log()}")
            with socket.socket() as trial:
                return trial.connect_ex(("127.0.0.1", self.port)) == 0

        eventually(listens, f"{self._name} to listen")
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")


class Tls(_Process):
    """In front of `url`, at `https://localhost:PORT`, with HTTP/2 and HTTP/1.1 on offer. `ca_file`: who signed it."""

    def __init__(self, url):
        super().__init__("nghttpx", "nghttpx")
        certificates(self.folder)
        self._behind = url.partition("://")[2].partition("/")[0].partition(":")
        self.url = f"https://localhost:{self.port}/{url.partition('://')[2].partition('/')[2]}"
        self.ca_file = str(self.folder / "ca.pem")

    def arguments(self):
        host, _, port = self._behind
        (self.folder / "empty.conf").touch()
        return [
            f"--conf={self.folder}/empty.conf",
            f"--frontend=127.0.0.1,{self.port}",
            f"--backend={host},{port}",
            "--workers=1",
            "--no-ocsp",
            f"--accesslog-file={self.folder}/access.txt",
            "--accesslog-format=$alpn $tls_protocol $method $path $status",
            "server.key",
            "server.pem",
        ]

    def requests(self):
        """As it saw them: 'h2 TLSv1.3 POST /v1/chat/completions 200'."""
        path = self.folder / "access.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


class Proxy(_Process):
    """A forward proxy, at `url`."""

    def __init__(self):
        super().__init__("tinyproxy", "tinyproxy")
        self.url = f"http://127.0.0.1:{self.port}"

    def arguments(self):
        (self.folder / "tinyproxy.conf").write_text(
            f"Port {self.port}\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 50\nTimeout 60\nLogLevel Connect\n",
            encoding="ascii",
        )
        return ["-d", "-c", "tinyproxy.conf"]

    def requests(self):
        """The lines of its log that name one: 'Request (file descriptor 5): CONNECT localhost:443 HTTP/1.1'."""
        return [line.partition("): ")[2] for line in self.log().splitlines() if "Request (file descriptor" in line]
