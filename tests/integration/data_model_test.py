#!/usr/bin/env python3
"""storage/README.md draws the tables and columns that the migrations make, on both backends."""

import re
import sqlite3
import subprocess
import tempfile
import unittest

from support import daemon, postgres, wire

DOCUMENT = (wire.ROOT / "storage" / "README.md").read_text(encoding="utf-8")
# The migrator's own.
BOOKKEEPING = {"schema_migration", "sqlite_sequence"}


def drawn():
    """{table: {column: (type, is_in_key)}} of all diagrams."""
    tables = {}
    for diagram in re.findall(r"^```mermaid\nerDiagram\n(.*?)^```", DOCUMENT, re.M | re.S):
        for table, body in re.findall(r"^    (\w+) \{\n(.*?)^    \}", diagram, re.M | re.S):
            assert table not in tables, f"{table} is drawn twice"
            tables[table] = {}
            for line in body.splitlines():
                kind, column, key = re.fullmatch(r'        (\w+) (\w+)( PK)?(?: ".+")?', line).groups()
                tables[table][column] = (kind, bool(key))
    return tables


def differences():
    """{table: (columns only in Postgres, columns only in SQLite)}."""
    section = DOCUMENT.split("## In which the embedded store differs")[1]
    found = {}
    for table, ours, theirs in re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|", section, re.M):
        known = found.setdefault(table, (set(), set()))
        for names, cell in zip(known, (ours, theirs)):
            names.update(re.findall(r"`(\w+)`", cell))
    return found


def migrate(url):
    subprocess.run(
        [daemon.binary(), "migrate", "up", "--store-url", url], check=True, capture_output=True, timeout=daemon.PATIENCE_SECONDS
    )


class DataModel(unittest.TestCase):
    maxDiff = None

    def test_the_pictures_are_of_the_tables_of_postgres(self):
        url = postgres.shared().new_database()
        migrate(url)
        made = {}
        rows = postgres.shared().sql(
            """SELECT c.table_name, c.column_name, c.udt_name,
                      EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
                              AND a.attnum = ANY (i.indkey)
                              WHERE i.indisprimary AND a.attname = c.column_name
                                AND i.indrelid = format('slowwave.%I', c.table_name)::regclass)
               FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
               WHERE c.table_schema = 'slowwave' AND t.table_type = 'BASE TABLE'""",
            url,
        )
        for table, column, kind, key in rows:
            if table not in BOOKKEEPING:
                made.setdefault(table, {})[column] = (kind, key == "t")
        self.assertGreater(len(made), 10)
        self.assertEqual(drawn(), made)

    def test_the_embedded_store_differs_as_it_says(self):
        with tempfile.TemporaryDirectory() as folder:
            migrate(f"sqlite:{folder}/s.db")
            with sqlite3.connect(f"{folder}/s.db") as connection:
                names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                made = {
                    name: {row[1] for row in connection.execute(f"PRAGMA table_xinfo({name})")}
                    for name in names
                    if name not in BOOKKEEPING
                }
            connection.close()
        expected = {table: set(columns) for table, columns in drawn().items()}
        for table, (ours, theirs) in differences().items():
            self.assertLessEqual(ours, expected[table])
            expected[table] = expected[table] - ours | theirs
        self.assertEqual(expected, made)

    def test_every_table_is_explained(self):
        explained = set()
        for line in DOCUMENT.splitlines():
            found = re.match(r"- \*\*`(\w+)`\*\*: ", line)
            if found:
                explained.add(found.group(1))
        self.assertEqual(explained, set(drawn()))


if __name__ == "__main__":
    unittest.main()
