"""Postgres and pgbouncer of the test's own: on loopback and free ports, in temporary folders, gone with the test.

Start them on the main thread: they are told to end when the thread that started them does.
"""

import atexit
import functools
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from support.daemon import PATIENCE_SECONDS, binary, eventually

# Nothing here outlives a crash of the machine, so nothing is synced; a crash of the server loses nothing all the same.
SETTINGS = ["fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1", "max_connections=120", "timezone=Asia/Tokyo"]
DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "deploy" / "sql"
MAY_RUN_AS = "postgres"  # Neither server runs as root.


def program(name):
    """Of the newest server that is installed."""
    versions = pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    found = sorted(versions, key=lambda path: int(path.parts[-3]))
    if not found:
        raise AssertionError(f"{name} is not installed; ./dev test installs it")
    return str(found[-1])


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _unprivileged(command):
    as_user = ["--reuid", MAY_RUN_AS, "--regid", MAY_RUN_AS, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *as_user, "--pdeathsig", "QUIT", *command]


def _spawn(command, log):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with open(log, "ab") as output:
        return subprocess.Popen(
            _unprivileged(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )


class _Server:
    """A process with a folder of its own. A context manager that starts it."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"slowwave-{name}-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(MAY_RUN_AS)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.port = free_port()
        self._name = name
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        if self._process is not None:
            self.thaw()
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self):
        raise NotImplementedError

    def start(self):
        log = self.folder / "log.txt"
        self._process = _spawn(self.command(), log)

        def answers():
            if self._process.poll() is not None:
                raise AssertionError(f"{self._name} ended:\n{log.read_text(errors='replace')}")
            ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "5"]
            return subprocess.run(ready, check=False).returncode == 0

        eventually(answers, f"{self._name} to answer")

    def stop(self, number):
        """SIGQUIT: at once, as in a crash. SIGINT: in order, without waiting for clients."""
        self._process.send_signal(number)
        self._process.wait(PATIENCE_SECONDS)
        self._process = None

    def _signal_all(self, number):
        # The parent first when it is to stand still, or it would start more of them.
        parent = self._process.pid
        os.kill(parent, number)
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        for child in children.split():
            try:
                os.kill(int(child), number)
            except ProcessLookupError:
                pass

    def freeze(self):
        self._signal_all(signal.SIGSTOP)

    def thaw(self):
        self._signal_all(signal.SIGCONT)

    def url(self, database="postgres"):
        return f"postgres://slowwave@127.0.0.1:{self.port}/{database}"


class Postgres(_Server):
    def __init__(self, settings=()):
        """`settings` as in postgresql.conf, after SETTINGS."""
        super().__init__("postgres")
        self._databases = 0
        self._settings = [*SETTINGS, *settings]
        initialise = ["--auth=trust", "--username=slowwave", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        log = self.folder / "initdb.txt"
        if _spawn([program("initdb"), "-D", str(self.folder / "data"), *initialise], log).wait(PATIENCE_SECONDS) != 0:
            raise AssertionError(f"initdb failed:\n{log.read_text(errors='replace')}")
        # Free now: initdb took seconds, in which another test may have been given the port.
        self.port = free_port()

    def command(self):
        settings = [*self._settings, f"unix_socket_directories={self.folder}"]
        options = [part for setting in settings for part in ("-c", setting)]
        return [program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *options]

    def sql(self, statement, url=None):
        """The rows, as lists of strings."""
        done = subprocess.run(
            [program("psql"), "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url or self.url(), "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def new_database(self):
        """The URL of an empty one."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, script, url=None):
        """Statements, each a transaction of its own unless they say otherwise."""
        done = subprocess.run(
            [program("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", url or self.url(), "-f", "-"],
            input=script,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def new_owned_database(self, owner):
        """The URL, as that role, of an empty one that belongs to it: a plain role, made if it is not there."""
        url = self.new_database()
        if not self.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{owner}'"):
            self.sql(f"CREATE ROLE {owner} LOGIN")
        self.sql(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {owner}")
        return url.replace("slowwave@", f"{owner}@")

    def new_daemon_database(self):
        """The URL of one laid out as for production: the daemons' own role, bound by row security."""
        url = self.new_database()
        done = subprocess.run([binary(), "migrate", "up", "--store-url", url], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        for name in ("roles.sql", "row_security.sql"):
            self.sql((DEPLOY / name).read_text(encoding="utf-8"), url)
        return url.replace("slowwave@", "slowwave_service@")


class PgBouncer(_Server):
    """In transaction mode: each transaction may run on another of few server connections."""

    def __init__(self, behind):
        super().__init__("pgbouncer")
        (self.folder / "users.txt").write_text('"slowwave" ""\n"slowwave_service" ""\n', encoding="utf-8")
        (self.folder / "pgbouncer.ini").write_text(
            f"""[databases]
* = host=127.0.0.1 port={behind.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.folder}/users.txt
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
admin_users = slowwave
""",
            encoding="utf-8",
        )

    def through(self, url):
        """The same database by way of this pooler."""
        return re.sub(r":\d+/", f":{self.port}/", url)

    def command(self):
        return ["/usr/sbin/pgbouncer", str(self.folder / "pgbouncer.ini")]


def _until_exit(server):
    atexit.register(server.__exit__)
    server.start()
    return server


@functools.lru_cache(maxsize=None)
def shared():
    """One server for the whole process, started on first use."""
    return _until_exit(Postgres())


@functools.lru_cache(maxsize=None)
def shared_pooler():
    """In front of it."""
    return _until_exit(PgBouncer(shared()))
