#!/usr/bin/env python3
"""Who may include whom, and that nothing waits by the time of day, checked over the tree.

The rules are a table, so that what is written here is what CONTRIBUTING.md says. Before the tree is
checked, each rule is shown a made-up violation: a rule that does not object to it is broken.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("core", "proto", "server", "storage", "tests")
SUFFIXES = {".h", ".cc"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
BACKENDS = ("postgres", "sqlite")

SOCKET_HEADERS = re.compile(r"^(grpc|grpcpp|curl|civetweb)[/.]|^(sys/socket|netinet/.*|boost/asio/ip/.*)\.?h?")
SQL_HEADERS = re.compile(r"^(sqlite3|libpq-fe|postgresql/.*)\.h$")
PROTOBUF_HEADERS = re.compile(r"^google/protobuf/|\.pb\.h$")


def is_ours(included):
    """Whether an include names something of this project (embedded queries, generated headers and all)."""
    return included.split("/")[0] in PARTS or included.startswith("slowwave/")


def is_generated_wire(included):
    return included.endswith(".pb.h")


def backend_of(path):
    """'sqlite' for storage/sqlite/..., None for what belongs to no backend."""
    parts = path.split("/")
    if len(parts) > 2 and parts[0] == "storage" and parts[1] in BACKENDS:
        return parts[1]
    return None


def objection(includer, included):
    """Why `includer` (a path in the tree) must not include `included` (as written), or None if it may."""
    part = includer.split("/")[0]
    in_tests = part == "tests"

    if included.startswith(("./", "../")) or "/../" in included:
        return "paths start at the root of the repository"
    if included.startswith("tests/") and not in_tests:
        return "nothing includes tests/"
    if in_tests:
        return None
    if is_generated_wire(included) and part != "server":
        return "generated protobuf headers belong to server/"
    if includer in ("storage/types.h", "storage/store.h"):
        if is_ours(included) and included != "storage/types.h":
            return "storage/types.h and storage/store.h include nothing else of the project"
        return None

    if part == "core":
        if is_ours(included) and not (
            included.startswith("core/") or included in ("storage/types.h", "storage/store.h")
        ):
            return "core/ includes core/, storage/types.h and storage/store.h only"
        if SOCKET_HEADERS.match(included):
            return "core/ has no socket"
        if SQL_HEADERS.match(included):
            return "core/ has no SQL"
        if PROTOBUF_HEADERS.search(included):
            return "core/ knows no protobuf"
        return None

    if part == "storage":
        if is_ours(included) and not included.startswith("storage/"):
            return "storage/ includes storage/ only"
        if is_ours(included) and backend_of(included) not in (None, backend_of(includer)):
            return "a backend is named only by itself, server/app.cc and server/commands/"
        return None

    if part == "server":
        if backend_of(included) and includer != "server/app.cc" and not includer.startswith("server/commands/"):
            return "a backend is named only by itself, server/app.cc and server/commands/"
        return None

    return None


# Abseil's timed waits, of the version that Debian has, end by the time of day, which may be set: see
# storage/deadline.h.
WAIT_BY_THE_TIME_OF_DAY = re.compile(
    r"\b(?:Await|Wait|LockWhen|ReaderLockWhen|WriterLockWhen|WaitForNotification)With(?:Timeout|Deadline)\b"
    r"|\bdeadline\s*[<>]=?\s*absl::Now|\babsl::Now\(\)\s*[<>]=?\s*deadline"
)


def waits_by_the_time_of_day(name, source):
    return [] if name.startswith("tests/") else WAIT_BY_THE_TIME_OF_DAY.findall(without_comments(source))


def without_comments(source):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)


def includes_of(source):
    return [quoted or angled for quoted, angled in INCLUDE.findall(without_comments(source))]


def sources(root):
    for part in PARTS:
        for path in sorted((root / part).rglob("*")):
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                yield path.relative_to(root).as_posix(), path


def violations(root):
    found = []
    for name, path in sources(root):
        for included in includes_of(path.read_text(encoding="utf-8")):
            reason = objection(name, included)
            if reason:
                found.append(f"{name} includes {included}: {reason}")
    return found


class RulesObject(unittest.TestCase):
    """Each rule refuses what it is there to refuse, and lets through what stands beside it."""

    def test_refuses(self):
        for includer, included in [
            ("storage/types.h", "core/keys.h"),
            ("storage/types.h", "storage/store.h"),
            ("storage/store.h", "storage/migrator.h"),
            ("core/fold.cc", "server/config.h"),
            ("core/fold.cc", "storage/migrator.h"),
            ("core/engine.cc", "storage/sqlite/sqlite_store.h"),
            ("core/stages/sample.cc", "storage/postgres/postgres_store.h"),
            ("core/report.cc", "slowwave/v1/types.pb.h"),
            ("core/report.cc", "proto/slowwave/v1/types.pb.h"),
            ("core/report.cc", "google/protobuf/timestamp.pb.h"),
            ("core/report.cc", "google/protobuf/util/json_util.h"),
            ("core/engine.cc", "grpcpp/grpcpp.h"),
            ("core/engine.cc", "curl/curl.h"),
            ("core/engine.cc", "sys/socket.h"),
            ("core/reader.cc", "sqlite3.h"),
            ("core/text.cc", "tests/support/episodes.h"),
            ("core/text.cc", "../storage/types.h"),
            ("storage/sqlite/sqlite_store.cc", "core/fold.h"),
            ("storage/sqlite/sqlite_store.cc", "server/app.h"),
            ("storage/sqlite/sqlite_store.cc", "storage/postgres/postgres_store.h"),
            ("storage/migrator.cc", "storage/sqlite/sqlite_store.h"),
            ("storage/sqlite/sqlite_store.cc", "slowwave/v1/types.pb.h"),
            ("server/consolidation_service.cc", "storage/sqlite/sqlite_store.h"),
            ("server/main.cc", "storage/postgres/postgres_store.h"),
            ("server/app.cc", "tests/fakes/fake_store.h"),
        ]:
            with self.subTest(includer=includer, included=included):
                self.assertIsNotNone(objection(includer, included))

    def test_allows(self):
        for includer, included in [
            ("storage/store.h", "storage/types.h"),
            ("storage/types.h", "absl/time/time.h"),
            ("core/fold.cc", "core/fold.h"),
            ("core/stages/sample.cc", "storage/store.h"),
            ("core/embedding.h", "Eigen/Core"),
            ("storage/sqlite/sqlite_store.cc", "storage/sqlite/statement.h"),
            ("storage/sqlite/sqlite_store.cc", "storage/migrator.h"),
            ("storage/sqlite/sqlite_store.cc", "sqlite3.h"),
            ("server/app.cc", "storage/sqlite/sqlite_store.h"),
            ("server/commands/migrate.cc", "storage/sqlite/sqlite_store.h"),
            ("server/memory_service.cc", "slowwave/v1/memory.pb.h"),
            ("server/memory_service.cc", "core/reader.h"),
            ("tests/core/fold_test.cc", "tests/support/episodes.h"),
            ("tests/storage/sqlite_store_test.cc", "storage/sqlite/sqlite_store.h"),
        ]:
            with self.subTest(includer=includer, included=included):
                self.assertIsNone(objection(includer, included))

    def test_reads_includes_as_the_preprocessor_does(self):
        source = (
            '#include "core/a.h"\n  #  include <core/b.h>\n// #include "core/c.h"\n'
            '/* #include "core/d.h"\n#include "core/e.h" */\n#include "core/f.h"  // why\n'
        )
        self.assertEqual(includes_of(source), ["core/a.h", "core/b.h", "core/f.h"])


    def test_sees_waits_by_the_time_of_day(self):
        for wait in (
            "mu.AwaitWithTimeout(absl::Condition(&done), absl::Seconds(1))",
            "changed.WaitWithDeadline(&mu, deadline)",
            "mu.LockWhenWithTimeout(done, wait)",
            "done.WaitForNotificationWithTimeout(wait)",
            "while (absl::Now() < deadline) {}",
        ):
            with self.subTest(wait):
                self.assertTrue(waits_by_the_time_of_day("server/app.cc", wait))
                self.assertFalse(waits_by_the_time_of_day("tests/server/app_test.cc", wait))
        self.assertFalse(waits_by_the_time_of_day("server/app.cc", "// AwaitWithTimeout\nchanged.Await(mu, deadline, f);"))


class TreeKeepsTheRules(unittest.TestCase):
    def test_the_tree_is_found(self):
        names = [name for name, _ in sources(ROOT)]
        for expected in ("storage/store.h", "core/fold.h"):
            self.assertIn(expected, names)

    def test_no_violation(self):
        found = violations(ROOT)
        self.assertEqual(found, [], "\n" + "\n".join(found))


    def test_nothing_waits_by_the_time_of_day(self):
        for name, path in sources(ROOT):
            with self.subTest(name):
                self.assertEqual(waits_by_the_time_of_day(name, path.read_text(encoding="utf-8")), [])


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=1).result.wasSuccessful())
