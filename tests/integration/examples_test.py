#!/usr/bin/env python3
"""proto/EXAMPLES.md has a call of every RPC that works, for three clients, and they work as they are written."""

import re
import unittest

from support import daemon, documents, wire

DOCUMENT = documents.text_of("proto/EXAMPLES.md")
MARKS = {"sh": "#> ", "python": "#> ", "js": "//> "}


class Examples(unittest.TestCase):
    def setUp(self):
        self.daemon = self.enterContext(daemon.Daemon())
        self.clone = self.enterContext(documents.Clone(documents.addresses(self.daemon)))

    def check(self, language, output):
        script = "\n".join(documents.blocks(DOCUMENT, language))
        # Each language shows at least what most calls print.
        self.assertGreater(documents.check_prints(self, script, output, MARKS[language]), len(wire.WORKING) // 2)

    def test_grpcurl(self):
        self.check("sh", self.clone.run("\n".join(documents.blocks(DOCUMENT, "sh"))))

    def test_python(self):
        making = documents.blocks(DOCUMENT, "sh")[0]
        self.assertIn("protoc", making)
        self.clone.run(making)
        made = str(self.clone.folder / "tmp" / "slowwave-python")
        self.check("python", self.clone.python("\n".join(documents.blocks(DOCUMENT, "python")), PYTHONPATH=made))

    def test_node(self):
        self.check("js", self.clone.node("\n".join(documents.blocks(DOCUMENT, "js"))))

    def test_every_rpc_has_an_example_in_every_language(self):
        parts = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", DOCUMENT, re.M | re.S))
        self.assertEqual(set(parts), {name for _, name in wire.WORKING}, "a heading `### NAME` for each RPC")
        for (service, name), method in wire.WORKING.items():
            with self.subTest(name):
                calls = {language: "\n".join(documents.blocks(parts[name], language)) for language in MARKS}
                self.assertIn(method.path[1:], calls["sh"])
                self.assertRegex(calls["python"], rf"\.{name}\(")
                self.assertRegex(calls["js"], rf"[.']{name}\b")
        later = DOCUMENT.split("## Not in this version")[1]
        self.assertEqual(set(re.findall(r"`(\w+)`", later)), {name for _, name in wire.LATER})


if __name__ == "__main__":
    unittest.main()
